#include <algorithm>
#include <cmath>
#include <limits>

#include "core/cpu/cascade_sum.h"
#include "core/cpu/cpu_backend.h"
#include "core/cpu/scratch.h"
#include "core/ops/cross_entropy_rule.h"
#include "core/tensor/dispatch.h"
#include "core/threads/parallel.h"

namespace plastic::cpu {
namespace {

constexpr std::int64_t grain_elements = 4096;

std::int64_t row_grain(std::int64_t classes) {
  return std::max<std::int64_t>(1, grain_elements / std::max<std::int64_t>(classes, 1));
}

/// In lanes, so that it becomes vectors. NaN may be lost, but not in the exponentials.
template <class T>
T largest(const T* z, std::int64_t count) {
  constexpr std::int64_t lanes = 16;
  T top = -std::numeric_limits<T>::infinity();
  std::int64_t j = 0;
  if (count >= lanes) {
    T lane[lanes];
    std::fill_n(lane, lanes, top);
    for (; j + lanes <= count; j += lanes) {
      for (std::int64_t i = 0; i < lanes; ++i) lane[i] = z[j + i] > lane[i] ? z[j + i] : lane[i];
    }
    for (const T value : lane) top = value > top ? value : top;
  }
  for (; j < count; ++j) top = z[j] > top ? z[j] : top;
  return top;
}

/// Σ exp(z - top), pairwise over blocks.
template <class T>
double sum_of_exponentials(const T* z, std::int64_t count, T top) {
  constexpr std::int64_t block = 64;
  const auto sum_block = [=](std::int64_t first, std::int64_t last) {
    double sum = 0;
    for (std::int64_t j = first; j < last; ++j) sum += static_cast<double>(std::exp(z[j] - top));
    return sum;
  };
  if (count <= block) return sum_block(0, count);
  CascadeSum<double> total;
  for (std::int64_t first = 0; first < count; first += block) {
    total.add(sum_block(first, std::min(count, first + block)));
  }
  return total.total();
}

template <class T>
rules::Normalizer normalizer_of(const T* row, std::int64_t classes, std::int64_t target) {
  const T top = largest(row, classes);
  const double others = sum_of_exponentials(row, target, top) +
                        sum_of_exponentials(row + target + 1, classes - target - 1, top);
  const auto own = static_cast<double>(std::exp(row[target] - top));
  return {.maximum = static_cast<double>(top), .sum = others + own, .others = others};
}

}  // namespace

std::int64_t CpuBackend::cross_entropy(const Array& logits, const Array& targets, const Array& loss,
                                       const Array& normalizers) {
  const std::int64_t rows = logits.shape[0];
  const std::int64_t classes = logits.shape[1];
  const std::int64_t* target = targets.as<std::int64_t>();
  for (std::int64_t i = 0; i < rows; ++i) {
    if (target[i] < 0 || target[i] >= classes) return i;
  }
  auto* const normalizer = normalizers.as<rules::Normalizer>();
  dispatch_floating("cross_entropy", logits.dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* z = logits.as<T>();
    ScratchVector<double> losses(static_cast<std::size_t>(rows));
    parallel_for(0, rows, row_grain(classes), [&](std::int64_t first, std::int64_t last) {
      for (std::int64_t i = first; i < last; ++i) {
        const T* row = z + i * classes;
        normalizer[i] = normalizer_of(row, classes, target[i]);
        losses[static_cast<std::size_t>(i)] =
            rules::row_loss(normalizer[i], static_cast<double>(row[target[i]]));
      }
    });
    CascadeSum<double> sum;
    for (const double value : losses) sum.add(value);
    *loss.as<T>() = static_cast<T>(sum.total() / static_cast<double>(rows));
  });
  return -1;
}

void CpuBackend::cross_entropy_grad(const Array& logits, const Array& targets,
                                    const Array& normalizers, const Array& grad, const Array& out) {
  const std::int64_t rows = logits.shape[0];
  const std::int64_t classes = logits.shape[1];
  const std::int64_t* target = targets.as<std::int64_t>();
  const auto* const normalizer = normalizers.as<const rules::Normalizer>();
  dispatch_floating("cross_entropy", logits.dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* z = logits.as<T>();
    T* dz = out.as<T>();
    const double scale = static_cast<double>(*grad.as<T>()) / static_cast<double>(rows);
    parallel_for(0, rows, row_grain(classes), [&](std::int64_t first, std::int64_t last) {
      for (std::int64_t i = first; i < last; ++i) {
        const T top = static_cast<T>(normalizer[i].maximum);
        const double factor = scale / normalizer[i].sum;
        const T rounded = static_cast<T>(factor);
        for (std::int64_t j = 0; j < classes; ++j) {
          dz[i * classes + j] = std::exp(z[i * classes + j] - top) * rounded;
        }
        dz[i * classes + target[i]] = static_cast<T>(-normalizer[i].others * factor);
      }
    });
  });
}

}  // namespace plastic::cpu
