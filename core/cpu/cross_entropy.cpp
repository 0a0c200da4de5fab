#include <algorithm>
#include <cmath>

#include "core/cpu/kernels.h"
#include "core/dispatch.h"
#include "core/parallel.h"

namespace plastic::cpu {
namespace {

constexpr std::int64_t grain_elements = 4096;

std::int64_t row_grain(std::int64_t classes) {
  return std::max<std::int64_t>(1, grain_elements / std::max<std::int64_t>(classes, 1));
}

}  // namespace

std::int64_t cross_entropy(const Array& logits, const Array& targets, const Array& loss,
                           const Array& log_sum_exp) {
  const std::int64_t rows = logits.shape[0];
  const std::int64_t classes = logits.shape[1];
  const std::int64_t* target = targets.as<std::int64_t>();
  for (std::int64_t i = 0; i < rows; ++i) {
    if (target[i] < 0 || target[i] >= classes) return i;
  }
  dispatch_floating("cross_entropy", logits.dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* z = logits.as<T>();
    T* lse = log_sum_exp.as<T>();
    parallel_for(0, rows, row_grain(classes), [&](std::int64_t first, std::int64_t last) {
      for (std::int64_t i = first; i < last; ++i) {
        const T* row = z + i * classes;
        const T top = *std::max_element(row, row + classes);
        T total = 0;
        for (std::int64_t j = 0; j < classes; ++j) total += std::exp(row[j] - top);
        lse[i] = top + std::log(total);
      }
    });
    double sum = 0;
    for (std::int64_t i = 0; i < rows; ++i) {
      sum += static_cast<double>(lse[i]) - static_cast<double>(z[i * classes + target[i]]);
    }
    *loss.as<T>() = static_cast<T>(sum / static_cast<double>(rows));
  });
  return -1;
}

void cross_entropy_grad(const Array& logits, const Array& targets, const Array& log_sum_exp,
                        const Array& grad, const Array& out) {
  const std::int64_t rows = logits.shape[0];
  const std::int64_t classes = logits.shape[1];
  const std::int64_t* target = targets.as<std::int64_t>();
  dispatch_floating("cross_entropy", logits.dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* z = logits.as<T>();
    const T* lse = log_sum_exp.as<T>();
    T* dz = out.as<T>();
    const T scale = static_cast<T>(static_cast<double>(*grad.as<T>()) / static_cast<double>(rows));
    parallel_for(0, rows, row_grain(classes), [&](std::int64_t first, std::int64_t last) {
      for (std::int64_t i = first; i < last; ++i) {
        for (std::int64_t j = 0; j < classes; ++j) {
          dz[i * classes + j] = std::exp(z[i * classes + j] - lse[i]) * scale;
        }
        dz[i * classes + target[i]] -= scale;
      }
    });
  });
}

}  // namespace plastic::cpu
