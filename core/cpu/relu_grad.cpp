#include <algorithm>

#include "core/cpu/column_sums.h"
#include "core/cpu/cpu_backend.h"
#include "core/cpu/loops.h"
#include "core/cpu/scratch.h"
#include "core/ops/unary_rules.h"
#include "core/tensor/dispatch.h"

namespace plastic::cpu {
namespace {

/// Bytes of the gradient that are summed while they are in the nearest cache.
constexpr std::int64_t block_bytes = 1 << 14;

// With more than one channel the sums have the bits of reduce(): the same terms are added in the
// same order.
template <class S>
void relu_grad_and_sums(const ReluGrad& call) {
  using T = Computed<S>;
  const std::int64_t channels = call.channels;
  const auto* result = static_cast<const S*>(call.result);
  const auto* grad = static_cast<const S*>(call.grad);
  auto* out = static_cast<S*>(call.out);
  const std::int64_t row_bytes = channels * static_cast<std::int64_t>(sizeof(S));
  // add_rows() takes four at a time.
  const std::int64_t block = std::max<std::int64_t>(1, block_bytes / row_bytes / 4) * 4;
  const auto add = [=](std::int64_t first, std::int64_t last, double* sums) {
    for (std::int64_t row = first; row < last; row += block) {
      const std::int64_t end = std::min(last, row + block);
      PLASTIC_INDEPENDENT
      for (std::int64_t i = row * channels; i < end * channels; ++i) {
        out[i] = static_cast<S>(rules::Relu{}.gradient(T{result[i]}, T{grad[i]}));
      }
      const auto term = [](S x) { return static_cast<double>(x); };
      add_rows(out, row, end, channels, channels, term, sums);
    }
  };
  const ScratchVector<double> sums =
      sum_over_rows<double>(call.rows, channels, channels, false, add);
  std::transform(sums.begin(), sums.end(), static_cast<S*>(call.sums),
                 [](double sum) { return static_cast<S>(sum); });
}

}  // namespace

void CpuBackend::relu_grad(const ReluGrad& call) {
  const bool is_together = call.sums != nullptr && call.channels < many_columns;
  if (is_together && call.dtype == DType::f32) return relu_grad_and_sums<float>(call);
  if (is_together && call.dtype == DType::bf16) return relu_grad_and_sums<bfloat16>(call);
  Backend::relu_grad(call);
}

}  // namespace plastic::cpu
