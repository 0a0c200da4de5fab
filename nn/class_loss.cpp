// Losses of scores against classes.
#include <utility>
#include <vector>

#include "core/check.h"
#include "core/ops/mixed_precision.h"
#include "core/tensor/tensor_impl.h"
#include "nn/reduction.h"
#include "plastic/core/ops/compare.h"
#include "plastic/core/ops/cross_entropy.h"
#include "plastic/core/ops/elementwise.h"
#include "plastic/core/ops/index.h"
#include "plastic/core/ops/softmax.h"

namespace plastic::nn {
namespace {

/// Classes and their weights, one per element of the batch.
struct Targets {
  /// With 0 in place of what is ignored.
  Tensor classes;
  /// u8, 1 where ignored; undefined when no target can be.
  Tensor ignored;
  /// w[t], 0 where ignored; undefined when all are 1.
  Tensor weights;
};

void check_scores(const char* op, const Tensor& input, const Tensor& target, const Tensor& weight) {
  check_floating(op, input);
  check_defined(op, target);
  if (target.dtype() != DType::i64) {
    fail(op, "targets must be i64 class indices, got ", name_of(target.dtype()));
  }
  Shape expected = input.shape();
  if (expected.rank() >= 2) expected.erase(1);
  if (input.rank() < 2 || target.shape() != expected) {
    fail(op, "input ", to_string(input.shape()), " does not fit targets ",
         to_string(target.shape()), "; needs (N, C, ...) and (N, ...)");
  }
  check_same_device(op, input, target);
  if (!weight.defined()) return;
  check_same_kind(op, input, weight);
  if (weight.shape() != Shape{input.size(1)}) {
    fail(op, "class weights have shape ", to_string(weight.shape()), "; an input ",
         to_string(input.shape()), " needs ", to_string(Shape{input.size(1)}));
  }
}

void check_range(const char* op, const Tensor& target, std::int64_t classes,
                 const std::optional<std::int64_t>& ignore_index) {
  const std::vector<std::int64_t> values = target.to(Device{}).to_vector<std::int64_t>();
  for (std::size_t i = 0; i < values.size(); ++i) {
    if ((values[i] >= 0 && values[i] < classes) || values[i] == ignore_index) continue;
    fail(op, "target ", values[i], " at position ", i, " is not in [0, ", classes, ")",
         ignore_index ? " and not ignore_index" : "");
  }
}

Targets prepared(const char* op, const Tensor& input, const Tensor& target, const Tensor& weight,
                 const std::optional<std::int64_t>& ignore_index) {
  check_scores(op, input, target, weight);
  check_range(op, target, input.size(1), ignore_index);
  Targets out{.classes = target, .ignored = {}, .weights = {}};
  if (ignore_index) {
    const TensorOptions like{.dtype = DType::i64, .device = target.device()};
    out.ignored = equal(target, Tensor::full({}, *ignore_index, like));
    out.classes = masked_fill(target, out.ignored, 0);
  }
  if (weight.defined()) {
    out.weights = index_select(weight.detach(), 0, out.classes.flatten()).reshape(target.shape());
  } else if (ignore_index) {
    out.weights = Tensor::ones(target.shape(), {.dtype = input.dtype(), .device = input.device()});
  }
  if (ignore_index) out.weights = masked_fill(out.weights, out.ignored, 0);
  return out;
}

/// -w[t]·x[t] of every element.
Tensor picked(const Tensor& log_probabilities, const Targets& targets) {
  const Tensor index = targets.classes.unsqueeze(1);
  const Tensor losses = neg(gather(log_probabilities, 1, index).squeeze(1));
  if (!targets.weights.defined()) return losses;
  // A product with 0 would let an infinite loss through as NaN.
  const Tensor kept = targets.ignored.defined() ? masked_fill(losses, targets.ignored, 0) : losses;
  return mul(kept, targets.weights);
}

/// The mean divides by the weights of the targets. It begins with the plain mean, because a sum may
/// be larger than the dtype can hold.
Tensor weighted(const Tensor& losses, const Targets& targets, Reduction reduction) {
  if (reduction != Reduction::mean || !targets.weights.defined()) return reduced(losses, reduction);
  const Tensor count =
      Tensor::full({}, static_cast<double>(losses.numel()), options_of(targets.weights));
  return mul(mean(losses), div(count, sum(targets.weights)));
}

void check_smoothing(double label_smoothing) {
  if (label_smoothing >= 0 && label_smoothing <= 1) return;
  fail("cross_entropy_loss", "label_smoothing is ", label_smoothing, "; it must be in [0, 1]");
}

}  // namespace

Tensor nll_loss(const Tensor& scores, const Tensor& target, const NllOptions& options) {
  const Tensor input = widened("nll_loss", scores);
  const Targets targets = prepared("nll_loss", input, target, options.weight, options.ignore_index);
  return weighted(picked(input, targets), targets, options.reduction);
}

Tensor cross_entropy_loss(const Tensor& logits, const Tensor& target,
                          const CrossEntropyOptions& options) {
  check_smoothing(options.label_smoothing);
  const Tensor input = widened("cross_entropy_loss", logits);
  const double smoothing = options.label_smoothing;
  if (input.rank() == 2 && smoothing == 0 && !options.weight.defined() && !options.ignore_index &&
      options.reduction == Reduction::mean) {
    return cross_entropy(input, target);
  }
  const Targets targets =
      prepared("cross_entropy_loss", input, target, options.weight, options.ignore_index);
  const Tensor scores = log_softmax(input, 1);
  Tensor losses = picked(scores, targets);
  if (smoothing > 0) {
    Tensor terms = scores;
    if (options.weight.defined()) {
      Shape along_classes = Shape::filled(static_cast<std::size_t>(input.rank()), 1);
      along_classes[1] = input.size(1);
      terms = mul(scores, options.weight.detach().reshape(along_classes));
    }
    Tensor even = neg(mean(terms, {1}));
    if (targets.ignored.defined()) even = masked_fill(even, targets.ignored, 0);
    losses = add(mul(losses, 1 - smoothing), mul(even, smoothing));
  }
  return weighted(losses, targets, options.reduction);
}

CrossEntropyLoss::CrossEntropyLoss(CrossEntropyOptions options) : options_(std::move(options)) {
  check_smoothing(options_.label_smoothing);
}

Tensor CrossEntropyLoss::operator()(const Tensor& logits, const Tensor& targets) const {
  return cross_entropy_loss(logits, targets, options_);
}

}  // namespace plastic::nn
