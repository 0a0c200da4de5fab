#include "call.h"

namespace plastic::parity {
namespace {

nn::Reduction reduction_of(const Call& call) {
  const std::string& name = call.text("reduction");
  if (name == "none") return nn::Reduction::none;
  return name == "sum" ? nn::Reduction::sum : nn::Reduction::mean;
}

std::optional<std::int64_t> ignored(const Call& call) {
  if (!call.has("ignore_index")) return {};
  return call.integer("ignore_index");
}

nn::CrossEntropyOptions cross_entropy_options(const Call& call) {
  return {.weight = call[2],
          .ignore_index = ignored(call),
          .label_smoothing = call.number("label_smoothing"),
          .reduction = reduction_of(call)};
}

}  // namespace

void add_losses(Table& table) {
  enter(table, "cross_entropy", {"cross_entropy(Tensor, Tensor)"},
        [](Call& c) { return cross_entropy(c[0], c[1]); });
  enter(table, "mse_loss", {"nn::mse_loss(Tensor, Tensor, Reduction)"},
        [](Call& c) { return nn::mse_loss(c[0], c[1], reduction_of(c)); });
  enter(table, "l1_loss", {"nn::l1_loss(Tensor, Tensor, Reduction)"},
        [](Call& c) { return nn::l1_loss(c[0], c[1], reduction_of(c)); });
  enter(table, "huber_loss", {"nn::huber_loss(Tensor, Tensor, double, Reduction)"},
        [](Call& c) { return nn::huber_loss(c[0], c[1], c.number("delta"), reduction_of(c)); });
  enter(table, "bce_with_logits_loss",
        {"nn::bce_with_logits_loss(Tensor, Tensor, BceWithLogitsOptions)"}, [](Call& c) {
          return nn::bce_with_logits_loss(
              c[0], c[1], {.weight = c[2], .pos_weight = c[3], .reduction = reduction_of(c)});
        });
  enter(table, "nll_loss", {"nn::nll_loss(Tensor, Tensor, NllOptions)"}, [](Call& c) {
    return nn::nll_loss(c[0], c[1],
                        {.weight = c[2], .ignore_index = ignored(c), .reduction = reduction_of(c)});
  });
  enter(table, "cross_entropy_loss",
        {"nn::cross_entropy_loss(Tensor, Tensor, CrossEntropyOptions)"},
        [](Call& c) { return nn::cross_entropy_loss(c[0], c[1], cross_entropy_options(c)); });
  enter(table, "CrossEntropyLoss", {},
        [](Call& c) { return nn::CrossEntropyLoss(cross_entropy_options(c))(c[0], c[1]); });
}

}  // namespace plastic::parity
