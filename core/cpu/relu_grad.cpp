#include <algorithm>
#include <vector>

#include "core/cpu/column_sums.h"
#include "core/cpu/cpu_backend.h"
#include "core/cpu/loops.h"
#include "core/ops/unary_rules.h"

namespace plastic::cpu {
namespace {

/// Bytes of the gradient that are summed while they are in the nearest cache.
constexpr std::int64_t block_bytes = 1 << 14;

}  // namespace

// The sums have the bits of reduce(): the same terms are added in the same order.
void CpuBackend::relu_grad(const ReluGrad& call) {
  const std::int64_t channels = call.channels;
  if (call.sums == nullptr || call.dtype != DType::f32 || channels >= many_columns) {
    return Backend::relu_grad(call);
  }
  const auto* result = static_cast<const float*>(call.result);
  const auto* grad = static_cast<const float*>(call.grad);
  auto* out = static_cast<float*>(call.out);
  const std::int64_t row_bytes = channels * static_cast<std::int64_t>(sizeof(float));
  // add_rows() takes four at a time.
  const std::int64_t block = std::max<std::int64_t>(1, block_bytes / row_bytes / 4) * 4;
  const auto add = [=](std::int64_t first, std::int64_t last, double* sums) {
    for (std::int64_t row = first; row < last; row += block) {
      const std::int64_t end = std::min(last, row + block);
      PLASTIC_INDEPENDENT
      for (std::int64_t i = row * channels; i < end * channels; ++i) {
        out[i] = rules::Relu{}.gradient(result[i], grad[i]);
      }
      const auto term = [](float x) { return static_cast<double>(x); };
      add_rows(out, row, end, channels, channels, term, sums);
    }
  };
  const std::vector<double> sums = sum_over_rows<double>(call.rows, channels, channels, false, add);
  std::transform(sums.begin(), sums.end(), static_cast<float*>(call.sums),
                 [](double sum) { return static_cast<float>(sum); });
}

}  // namespace plastic::cpu
