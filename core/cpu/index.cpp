#include <algorithm>
#include <cmath>
#include <type_traits>

#include "core/cpu/cpu_backend.h"
#include "core/cpu/loops.h"
#include "core/tensor/dispatch.h"
#include "core/threads/parallel.h"

namespace plastic::cpu {
namespace {

/// Calls body(o, i) for every outer and inner position, in parallel.
template <class Body>
void for_each_line(const Array& index, Body&& body) {
  const std::int64_t inner = index.shape[2];
  const std::int64_t lines = index.shape[0] * inner;
  const std::int64_t grain =
      std::max<std::int64_t>(1, elementwise_grain / std::max<std::int64_t>(index.shape[1], 1));
  parallel_for(0, lines, grain, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t line = first; line < last; ++line) body(line / inner, line % inner);
  });
}

const std::int64_t* line_of(const Array& index, std::int64_t outer, std::int64_t inner) {
  return index.as<const std::int64_t>() + outer * index.strides[0] + inner * index.strides[2];
}

}  // namespace

void CpuBackend::gather(const Array& in, const Array& index, const Array& out) {
  dispatch("gather", in.dtype, [&](auto zero) {
    using T = decltype(zero);
    const std::int64_t count = index.shape[1];
    const std::int64_t size = in.shape[1];
    const std::int64_t inner = in.shape[2];
    if (inner > 1 && index.strides[2] == 0) {
      // One index for a whole row.
      const std::int64_t grain = std::max<std::int64_t>(1, elementwise_grain / inner);
      parallel_for(0, index.shape[0] * count, grain, [&](std::int64_t first, std::int64_t last) {
        for (std::int64_t row = first; row < last; ++row) {
          const std::int64_t o = row / count;
          const std::int64_t at = line_of(index, o, 0)[(row - o * count) * index.strides[1]];
          std::copy_n(in.as<T>() + (o * size + at) * inner, inner, out.as<T>() + row * inner);
        }
      });
      return;
    }
    for_each_line(index, [&](std::int64_t o, std::int64_t i) {
      const std::int64_t* at = line_of(index, o, i);
      const T* x = in.as<T>() + o * size * inner + i;
      T* y = out.as<T>() + o * count * inner + i;
      for (std::int64_t j = 0; j < count; ++j) y[j * inner] = x[at[j * index.strides[1]] * inner];
    });
  });
}

std::int64_t CpuBackend::first_outside(const Array& index, std::int64_t limit) {
  const std::int64_t* values = index.as<const std::int64_t>();
  const std::int64_t* end = values + index.numel();
  const std::int64_t* found =
      std::find_if(values, end, [=](std::int64_t i) { return i < 0 || i >= limit; });
  return found == end ? -1 : found - values;
}

bool CpuBackend::all_finite(const Array& in) {
  bool finite = true;
  dispatch_stored(in.dtype, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (std::is_convertible_v<T, float> && !std::is_integral_v<T>) {
      const T* x = in.as<const T>();
      using Real = std::conditional_t<std::is_same_v<T, double>, double, float>;
      finite = std::all_of(x, x + in.numel(),
                           [](T value) { return std::isfinite(static_cast<Real>(value)); });
    }
  });
  return finite;
}

}  // namespace plastic::cpu
