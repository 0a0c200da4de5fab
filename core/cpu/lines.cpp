#include "core/cpu/lines.h"

#include <algorithm>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "core/cpu/loops.h"
#include "core/ops/two_sum_rule.h"
#include "core/tensor/dispatch.h"
#include "core/threads/parallel.h"

namespace plastic::cpu {
namespace {

/// Neighbouring lines that are summed together.
constexpr std::int64_t block = 64;

/// Whether a stands before b in a sorted line. NaN is larger than any number.
template <class T>
bool stands_before(bool descending, T a, T b) {
  const bool a_is_nan = a != a;
  const bool b_is_nan = b != b;
  return descending ? a > b || (a_is_nan && !b_is_nan) : a < b || (b_is_nan && !a_is_nan);
}

template <class T>
struct Element {
  T value;
  std::int64_t place;
};

/// A sum of floating point so far.
struct WideSum {
  double sum = 0;

  void add(float x) { sum += static_cast<double>(x); }
  float total() const { return static_cast<float>(sum); }
};

/// A sum of integers so far, which wraps around.
struct WrappedSum {
  std::uint64_t sum = 0;

  void add(std::int64_t x) { sum += static_cast<std::uint64_t>(x); }
  std::int64_t total() const { return static_cast<std::int64_t>(sum); }
};

template <class T>
using Sum = std::conditional_t<
    std::is_integral_v<T>, WrappedSum,
    std::conditional_t<std::is_same_v<T, double>, rules::TwoSum<double>, WideSum>>;

/// `width` <= block neighbouring lines of `size` elements, `inner` apart.
template <class T>
void sum_lines(bool reverse, std::int64_t size, std::int64_t inner, std::int64_t width, const T* x,
               T* y) {
  Sum<T> sums[block];
  for (std::int64_t j = 0; j < size; ++j) {
    const std::int64_t at = (reverse ? size - 1 - j : j) * inner;
    for (std::int64_t i = 0; i < width; ++i) {
      sums[i].add(x[at + i]);
      y[at + i] = static_cast<T>(sums[i].total());
    }
  }
}

}  // namespace

void argsort(bool descending, const Array& in, const Array& out) {
  const std::int64_t size = in.shape[1];
  const std::int64_t inner = in.shape[2];
  const std::int64_t count = out.shape[1];
  dispatch("sort", in.dtype, [&](auto zero) {
    using T = decltype(zero);
    // Places decide between equal elements, so that the order is one only.
    const auto is_before = [descending](const Element<T>& a, const Element<T>& b) {
      if (stands_before(descending, a.value, b.value)) return true;
      return a.place < b.place && !stands_before(descending, b.value, a.value);
    };
    const std::int64_t grain =
        std::max<std::int64_t>(1, elementwise_grain / 8 / std::max<std::int64_t>(size, 1));
    parallel_for(0, in.shape[0] * inner, grain, [&](std::int64_t first, std::int64_t last) {
      std::vector<Element<T>> line(static_cast<std::size_t>(size));
      for (std::int64_t i = first; i < last; ++i) {
        const T* x = in.as<const T>() + i / inner * size * inner + i % inner;
        for (std::int64_t j = 0; j < size; ++j) {
          line[static_cast<std::size_t>(j)] = {x[j * inner], j};
        }
        if (count == size) {
          std::sort(line.begin(), line.end(), is_before);
        } else {
          std::partial_sort(line.begin(), line.begin() + static_cast<std::ptrdiff_t>(count),
                            line.end(), is_before);
        }
        std::int64_t* y = out.as<std::int64_t>() + i / inner * count * inner + i % inner;
        for (std::int64_t j = 0; j < count; ++j) {
          y[j * inner] = line[static_cast<std::size_t>(j)].place;
        }
      }
    });
  });
}

void cumulative_sum(bool reverse, const Array& in, const Array& out) {
  const std::int64_t size = in.shape[1];
  const std::int64_t inner = in.shape[2];
  const std::int64_t blocks = (inner + block - 1) / block;
  dispatch("cumsum", in.dtype, [&](auto zero) {
    using T = decltype(zero);
    const std::int64_t each = std::max<std::int64_t>(size * std::min(inner, block), 1);
    const std::int64_t grain = std::max<std::int64_t>(1, elementwise_grain / each);
    parallel_for(0, in.shape[0] * blocks, grain, [&](std::int64_t first, std::int64_t last) {
      for (std::int64_t i = first; i < last; ++i) {
        const std::int64_t column = i % blocks * block;
        const std::int64_t start = i / blocks * size * inner + column;
        sum_lines(reverse, size, inner, std::min(block, inner - column), in.as<const T>() + start,
                  out.as<T>() + start);
      }
    });
  });
}

}  // namespace plastic::cpu
