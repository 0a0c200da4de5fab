#include "plastic/optim/clip.h"

#include <array>
#include <cmath>
#include <numeric>
#include <unordered_set>
#include <utility>

#include "core/check.h"
#include "core/ops/wide_sums.h"
#include "core/repeats.h"
#include "core/tensor/dispatch.h"
#include "core/tensor/tensor_impl.h"
#include "core/threads/float_mode.h"
#include "optim/pieces.h"
#include "plastic/core/autograd.h"
#include "plastic/core/ops/elementwise.h"
#include "plastic/core/ops/join.h"
#include "plastic/core/ops/reduce.h"

namespace plastic::optim {
namespace {

/// Each tensor once, however often it was given.
std::vector<Tensor> distinct(const std::vector<Tensor>& tensors) {
  std::vector<const void*> addresses;
  addresses.reserve(tensors.size());
  for (const Tensor& tensor : tensors) addresses.push_back(tensor.impl().get());
  if (!has_repeats(std::move(addresses))) return tensors;
  std::vector<Tensor> found;
  std::unordered_set<const TensorImpl*> seen;
  for (const Tensor& tensor : tensors) {
    if (seen.insert(tensor.impl().get()).second) found.push_back(tensor);
  }
  return found;
}

/// The gradients of the parameters, each once however often it was given.
std::vector<Tensor> gradients_of(const char* op, const std::vector<Tensor>& parameters) {
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    if (!parameters[i].defined()) fail(op, "parameter ", i, " is undefined; assign it first");
  }
  std::vector<Tensor> gradients;
  gradients.reserve(parameters.size());
  for (const Tensor& parameter : distinct(parameters)) {
    const Tensor& gradient = parameter.impl()->grad;
    if (gradient.defined()) gradients.push_back(gradient);
  }
  return gradients;
}

/// Σ f(x)², in lanes, so that it becomes vectors without changing its order.
template <class T, class F>
double sum_of_squares(const T* x, std::int64_t count, F&& f) {
  constexpr std::int64_t lanes = 8;
  double lane[lanes] = {};
  std::int64_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    for (std::int64_t j = 0; j < lanes; ++j) {
      const double value = f(x[i + j]);
      lane[j] += value * value;
    }
  }
  double total = std::accumulate(lane, lane + lanes, 0.0);
  for (; i < count; ++i) total += f(x[i]) * f(x[i]);
  return total;
}

template <class F>
double sum_of_squares(std::span<const Tensor> tensors, F&& f) {
  const std::vector<Piece> pieces = pieces_of(tensors);
  std::vector<double> partial(pieces.size());
  for_pieces(pieces, [&](const Piece& piece, std::size_t index) {
    const Tensor& tensor = tensors[piece.tensor];
    dispatch_floating("clip_grad_norm", tensor.dtype(), [&](auto zero) {
      using T = decltype(zero);
      partial[index] = sum_of_squares(tensor.data<T>() + piece.begin, piece.end - piece.begin, f);
    });
  });
  return std::accumulate(partial.begin(), partial.end(), 0.0);
}

double largest_magnitude(std::span<const Tensor> tensors) {
  double largest = 0;
  for (const Tensor& tensor : tensors) {
    if (tensor.numel() == 0) continue;
    const double magnitude = max(abs(tensor)).item();
    // NaN is neither more nor less.
    if (!(magnitude <= largest)) largest = magnitude;
    if (std::isnan(largest)) break;
  }
  return largest;
}

/// √Σx², where the squares of f64 may leave its range.
double norm_of(std::span<const Tensor> tensors) {
  const double square = sum_of_squares(tensors, [](auto x) { return static_cast<double>(x); });
  constexpr double least = 1e-280;
  if (square >= least && std::isfinite(square)) return std::sqrt(square);
  const double largest = largest_magnitude(tensors);
  if (largest == 0 || !std::isfinite(largest)) return largest;
  const int exponent = std::ilogb(largest);
  const auto scaled = [=](auto x) { return std::ldexp(static_cast<double>(x), -exponent); };
  return std::ldexp(std::sqrt(sum_of_squares(tensors, scaled)), exponent);
}

/// The norms of the tensors where they are, read once: each reading would wait for the device.
double norm_on_device(std::span<const Tensor> tensors) {
  std::vector<Tensor> norms;
  for (const Tensor& tensor : tensors) {
    const Shape whole = Shape::filled(tensor.shape().rank(), 1);
    const Tensor norm = reduced(plastic::Reduction::norm, tensor.detach(), whole, DType::f64);
    norms.push_back(norm.reshape({}).to(tensors.front().device()));
  }
  return norm_of(std::array{stack(norms).to(Device{})});
}

double total_norm(std::span<const Tensor> tensors) {
  if (tensors.empty()) return 0;
  return all_dense_on_cpu(tensors) ? norm_of(tensors) : norm_on_device(tensors);
}

/// x ← f(x) for all elements; `same` is f on whole tensors, for devices whose memory is not ours.
template <class F, class Same>
void change_in_place(std::vector<Tensor>& tensors, F&& f, Same&& same) {
  if (!all_dense_on_cpu(tensors)) {
    for (Tensor& tensor : tensors) tensor.copy_(same(tensor));
    return;
  }
  const std::vector<Piece> pieces = pieces_of(tensors);
  for_pieces(pieces, [&](const Piece& piece, std::size_t) {
    Tensor& tensor = tensors[piece.tensor];
    dispatch_floating("clip_grad", tensor.dtype(), [&](auto zero) {
      using T = decltype(zero);
      T* x = tensor.mutable_data<T>();
      for (std::int64_t i = piece.begin; i < piece.end; ++i) x[i] = f(x[i]);
    });
  });
}

}  // namespace

double clip_grad_norm(const std::vector<Tensor>& parameters, double max_norm,
                      bool error_if_nonfinite) {
  if (!(max_norm > 0)) {
    fail("clip_grad_norm", "max_norm is ", max_norm, "; it must be a number above 0");
  }
  const NoGrad no_grad;
  const std::vector<Tensor> gradients = gradients_of("clip_grad_norm", parameters);
  const double total = total_norm(gradients);
  if (error_if_nonfinite && !std::isfinite(total)) {
    fail("clip_grad_norm", "the norm of the gradients is ", total,
         "; lower the learning rate, or look for the operation with DetectAnomaly");
  }
  const double scale = max_norm / (total + 1e-6);
  // Neither an infinite max_norm nor a scale of 1 changes anything; NaN must.
  if (std::isinf(max_norm) || scale >= 1) return total;
  // f32 has few digits for a scale that small.
  const double first = scale < 1e-30 ? 0x1p-64 : 1;
  const double second = scale / first;
  std::vector<Tensor> changed = distinct(gradients);
  const DefaultFlush flush;
  change_in_place(
      changed,
      [=]<class T>(T x) {
        return static_cast<T>(x * static_cast<T>(first) * static_cast<T>(second));
      },
      [=](const Tensor& x) { return mul(first == 1 ? x : mul(x, first), second); });
  return total;
}

void clip_grad_value(const std::vector<Tensor>& parameters, double limit) {
  if (!(limit > 0)) fail("clip_grad_value", "limit is ", limit, "; it must be a number above 0");
  const NoGrad no_grad;
  std::vector<Tensor> gradients = gradients_of("clip_grad_value", parameters);
  change_in_place(
      gradients,
      [limit]<class T>(T x) {
        const auto bound = static_cast<T>(limit);
        return x > bound ? bound : (x < -bound ? -bound : x);
      },
      [limit](const Tensor& x) { return clamp(x, -limit, limit); });
}

}  // namespace plastic::optim
