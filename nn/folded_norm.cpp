#include "nn/folded_norm.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include "core/device/backend.h"
#include "core/tensor/constant_weight.h"
#include "core/tensor/tensor_impl.h"
#include "core/threads/fork.h"
#include "nn/layer_kind.h"
#include "plastic/core/autograd.h"
#include "plastic/core/ops/batch_norm.h"
#include "plastic/core/ops/conv2d.h"
#include "plastic/core/ops/elementwise.h"
#include "plastic/core/ops/matmul.h"
#include "plastic/core/precision.h"
#include "plastic/nn/conv.h"
#include "plastic/nn/linear.h"

namespace plastic::nn {
namespace {

/// Held for as long as a pointer is copied.
ForkSafeMutex& lock_of_kept() {
  static auto& mutex = *new ForkSafeMutex;
  return mutex;
}

// Made before main(): a fork while another thread made it would leave the child waiting for it.
[[maybe_unused]] const ForkSafeMutex& made_early = lock_of_kept();

/// Whether they may be folded: all on the CPU, of x's dtype, and of sizes that fit. What does not
/// is left to the layers, which say what is wrong.
bool fit(const std::array<Tensor, 6>& sources, const Tensor& x) {
  const DType dtype = x.dtype();
  if (dtype != DType::f32 && dtype != DType::f64) return false;
  const Tensor& weight = sources[0];
  const Tensor& mean = sources[4];
  if (!weight.defined() || !mean.defined() || !sources[5].defined()) return false;
  const Shape channels = {weight.size(0)};
  return std::ranges::all_of(sources, [&](const Tensor& tensor) {
    if (!tensor.defined()) return true;
    const bool has_shape = &tensor == &weight || tensor.shape() == channels;
    return has_shape && tensor.dtype() == dtype && tensor.device().type == DeviceType::cpu;
  });
}

bool is_finite(const Tensor& tensor) {
  return backend(tensor.device()).all_finite(array_of(tensor));
}

Tensor apply(const Module& layer, const FoldedWeights& weights, const Tensor& x,
             Activation activation) {
  const ConstantWeight constant(weights.weight);
  if (kind_of(layer) == LayerKind::conv2d) {
    const Conv2dOptions& options = static_cast<const Conv2d&>(layer).options();
    return conv2d(x, weights.weight, weights.bias,
                  {.stride = options.stride,
                   .padding = options.padding,
                   .dilation = options.dilation,
                   .groups = options.groups,
                   .activation = activation});
  }
  return activation == Activation::relu ? linear_relu_dropout(x, weights.weight, weights.bias)
                                        : linear(x, weights.weight, weights.bias);
}

}  // namespace

FoldedWeights fold(const Tensor& weight, const Tensor& bias, const BatchNorm& norm) {
  const NoGrad no_grad;
  const auto exact = [](const Tensor& t) { return t.detach().to(DType::f64); };
  Tensor scale = rsqrt(add(exact(norm.running_var), norm.options().eps));
  if (norm.weight.defined()) scale = mul(scale, exact(norm.weight));
  Tensor shift = mul(exact(norm.running_mean), -1);
  if (bias.defined()) shift = add(shift, exact(bias));
  shift = mul(shift, scale);
  if (norm.bias.defined()) shift = add(shift, exact(norm.bias));
  Shape per_channel = Shape::filled(weight.shape().rank(), 1);
  per_channel[0] = weight.size(0);
  const Tensor scaled = mul(exact(weight), scale.reshape(per_channel));
  return {scaled.to(weight.dtype()), shift.to(weight.dtype())};
}

FoldedNorm::Contents::Contents(const Tensor& tensor) {
  if (!tensor.defined()) return;
  const TensorImpl& impl = *tensor.impl();
  storage = impl.storage;
  offset = impl.offset;
  version = impl.storage->version();
  shape = impl.shape;
  strides = impl.strides;
}

bool FoldedNorm::Contents::are_those_of(const Tensor& tensor) const {
  const auto is_one = [this](const std::shared_ptr<Storage>& other) {
    return !storage.owner_before(other) && !other.owner_before(storage);
  };
  if (!tensor.defined()) return is_one(nullptr);
  const TensorImpl& impl = *tensor.impl();
  return is_one(impl.storage) && offset == impl.offset && version == impl.storage->version() &&
         shape == impl.shape && strides == impl.strides;
}

std::shared_ptr<const FoldedNorm::Kept> FoldedNorm::kept() const {
  const std::lock_guard lock(lock_of_kept());
  return kept_;
}

std::shared_ptr<const FoldedNorm::Kept> FoldedNorm::exchange(std::shared_ptr<const Kept> next) {
  const std::lock_guard lock(lock_of_kept());
  kept_.swap(next);
  return next;
}

std::shared_ptr<const FoldedNorm::Kept> FoldedNorm::kept_for(const Sources& sources,
                                                             const BatchNorm& norm) {
  const std::shared_ptr<const Kept> last = kept();
  const bool is_current =
      last != nullptr && std::equal(sources.begin(), sources.end(), last->sources.begin(),
                                    [](const Tensor& tensor, const Contents& contents) {
                                      return contents.are_those_of(tensor);
                                    });
  if (is_current) return last;
  auto made = std::make_shared<Kept>();
  std::ranges::transform(sources, made->sources.begin(),
                         [](const Tensor& tensor) { return Contents(tensor); });
  FoldedWeights weights = fold(sources[0], sources[1], norm);
  if (is_finite(weights.weight) && is_finite(weights.bias)) {
    made->zeros = Tensor::zeros(weights.bias.shape(), options_of(weights.bias));
    made->ones = Tensor::ones(weights.bias.shape(), options_of(weights.bias));
    made->weights = std::move(weights);
  }
  exchange(made);
  return made;
}

Tensor FoldedNorm::forward(Module& layer, BatchNorm& norm, const Tensor& x, const Tensor& skip,
                           Activation activation) {
  std::shared_ptr<const Kept> kept;
  if (norm.is_training()) {
    // A weight that is being trained makes what was kept invalid.
    exchange(nullptr);
  } else if (!grad_enabled() && precision() != Precision::bf16 && x.defined()) {
    const bool is_convolution = kind_of(layer) == LayerKind::conv2d;
    const auto sources_of = [&](const auto& of) {
      return Sources{of.weight, of.bias,           norm.weight,
                     norm.bias, norm.running_mean, norm.running_var};
    };
    const Sources sources = is_convolution ? sources_of(static_cast<const Conv2d&>(layer))
                                           : sources_of(static_cast<const Linear&>(layer));
    if (x.rank() == (is_convolution ? 4 : 2) && fit(sources, x)) kept = kept_for(sources, norm);
  }
  if (kept == nullptr || !kept->weights) {
    return norm.forward_added(layer.forward(x), skip, activation);
  }
  if (!skip.defined()) return apply(layer, *kept->weights, x, activation);
  const Tensor y = apply(layer, *kept->weights, x, Activation::none);
  return batch_norm(y, {}, {}, kept->zeros, kept->ones,
                    {.training = false, .eps = 0, .skip = skip, .activation = activation});
}

}  // namespace plastic::nn
