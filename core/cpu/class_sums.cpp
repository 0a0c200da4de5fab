#include <cmath>

#include "core/cpu/kernels.h"
#include "core/tensor/dispatch.h"

namespace plastic::cpu {

void add_class_sums(const Array& logits, const Array& targets, const Array& loss,
                    const Array& sums) {
  const std::int64_t rows = logits.shape[0];
  const std::int64_t classes = logits.shape[1];
  const auto* target = targets.as<std::int64_t>();
  auto* out = sums.as<double>();
  dispatch_floating("class_sums", logits.dtype, [&](auto zero) {
    using T = decltype(zero);
    out[0] += static_cast<double>(*loss.as<T>()) * static_cast<double>(rows);
    for (std::int64_t i = 0; i < rows; ++i) {
      const T* row = logits.as<T>() + i * classes;
      std::int64_t best = 0;
      for (std::int64_t j = 1; j < classes && !std::isnan(row[best]); ++j) {
        if (!(row[j] <= row[best])) best = j;
      }
      out[1] += best == target[i] ? 1 : 0;
    }
  });
}

}  // namespace plastic::cpu
