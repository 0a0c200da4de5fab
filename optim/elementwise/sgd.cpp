#include "plastic/optim/sgd.h"

#include "optim/arena.h"
#include "optim/check_option.h"
#include "optim/groups.h"
#include "optim/kernels.h"
#include "optim/state.h"

namespace plastic::optim {
namespace {

void check(const SgdOptions& options) {
  check_at_least("sgd", "lr", options.lr, 0);
  check_at_least("sgd", "momentum", options.momentum, 0);
  check_at_least("sgd", "dampening", options.dampening, 0);
  check_at_least("sgd", "weight_decay", options.weight_decay, 0);
  if (options.nesterov && (options.momentum == 0 || options.dampening != 0)) {
    fail("sgd", "nesterov needs momentum above 0 and dampening 0, got momentum ", options.momentum,
         " and dampening ", options.dampening);
  }
}

SgdRule rule_of(const SgdOptions& options, double lr, bool is_first) {
  SgdRule rule{.lr = static_cast<float>(lr), .decay = static_cast<float>(options.weight_decay)};
  if (options.momentum == 0) return rule;
  if (!is_first) {
    rule.keep = static_cast<float>(options.momentum);
    rule.take = static_cast<float>(1 - options.dampening);
  }
  rule.direct = options.nesterov ? 1 : 0;
  rule.through = options.nesterov ? static_cast<float>(options.momentum) : 1;
  return rule;
}

}  // namespace

Sgd::Sgd(const std::vector<Tensor>& parameters, const SgdOptions& options)
    : Sgd(std::vector<SgdGroup>{{parameters, options}}) {}

Sgd::Sgd(const std::vector<SgdGroup>& groups)
    : Optimizer("sgd", checked_parameters(groups, check), lrs_of(groups)),
      options_(options_of(groups)),
      stepper_(kernels_for(arena().device()).sgd()) {
  for (const SgdOptions& options : options_) {
    if (options.momentum != 0 && !momentum_.defined()) {
      momentum_ = state().add_block("momentum_buffer");
    }
  }
}

Sgd::~Sgd() = default;

void Sgd::prepare() {
  const auto steps = state().steps();
  const auto lrs = state().lrs();
  const auto work = works(arena(), [&](std::size_t i, const Segment& segment) {
    return rule_of(options_[segment.group], lrs[segment.group], ++steps[i] == 1);
  });
  stepper_->prepare(
      {.tensors = work, .gradients = arena().gradients(), .momentum = elements_of(momentum_)});
}

void Sgd::run() { stepper_->run(); }

}  // namespace plastic::optim
