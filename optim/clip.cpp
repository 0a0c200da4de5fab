#include "plastic/optim/clip.h"

#include <cmath>
#include <numeric>

#include "core/check.h"
#include "core/dispatch.h"
#include "optim/pieces.h"
#include "plastic/core/autograd.h"
#include "plastic/core/ops/elementwise.h"
#include "plastic/core/ops/join.h"
#include "plastic/core/ops/reduce.h"

namespace plastic::optim {
namespace {

std::vector<Tensor> gradients_of(const char* op, const std::vector<Tensor>& parameters) {
  std::vector<Tensor> gradients;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    if (!parameters[i].defined()) fail(op, "parameter ", i, " is undefined; assign it first");
    const Tensor gradient = parameters[i].grad();
    if (gradient.defined()) gradients.push_back(gradient);
  }
  return gradients;
}

/// In lanes, so that it becomes vectors without changing its order.
template <class T>
double sum_of_squares(const T* x, std::int64_t count) {
  constexpr std::int64_t lanes = 8;
  double lane[lanes] = {};
  std::int64_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    for (std::int64_t j = 0; j < lanes; ++j) {
      const auto value = static_cast<double>(x[i + j]);
      lane[j] += value * value;
    }
  }
  double total = std::accumulate(lane, lane + lanes, 0.0);
  for (; i < count; ++i) total += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  return total;
}

/// Where the tensors are, read once: each reading would wait for the device.
double sum_of_squares_on_device(std::span<const Tensor> tensors) {
  std::vector<Tensor> sums;
  for (const Tensor& tensor : tensors) {
    sums.push_back(sum(mul(tensor, tensor)).to(DType::f64).to(tensors.front().device()));
  }
  return sum(stack(sums)).item();
}

double sum_of_squares(std::span<const Tensor> tensors) {
  if (!all_dense_on_cpu(tensors)) return sum_of_squares_on_device(tensors);
  const std::vector<Piece> pieces = pieces_of(tensors);
  std::vector<double> partial(pieces.size());
  for_pieces(pieces, [&](const Piece& piece, std::size_t index) {
    const Tensor& tensor = tensors[piece.tensor];
    dispatch_floating("clip_grad_norm", tensor.dtype(), [&](auto zero) {
      using T = decltype(zero);
      partial[index] = sum_of_squares(tensor.data<T>() + piece.begin, piece.end - piece.begin);
    });
  });
  return std::accumulate(partial.begin(), partial.end(), 0.0);
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
  std::vector<Tensor> gradients = gradients_of("clip_grad_norm", parameters);
  const double total = std::sqrt(sum_of_squares(gradients));
  if (error_if_nonfinite && !std::isfinite(total)) {
    fail("clip_grad_norm", "the norm of the gradients is ", total,
         "; lower the learning rate, or look for the operation with DetectAnomaly");
  }
  const double scale = max_norm / (total + 1e-6);
  // Neither an infinite max_norm nor a scale of 1 changes anything; NaN must.
  if (std::isinf(max_norm) || scale >= 1) return total;
  change_in_place(
      gradients, [scale]<class T>(T x) { return static_cast<T>(x * static_cast<T>(scale)); },
      [scale](const Tensor& x) { return mul(x, scale); });
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
