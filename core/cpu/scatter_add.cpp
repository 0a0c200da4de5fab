// Adds elements to where an index says. However many meet in one target, its sum is rounded once:
// f32 is added up in f64, f64 with what every addition rounded away kept beside. Integers wrap
// around.
#include <algorithm>
#include <cstdint>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/cpu/cpu_backend.h"
#include "core/cpu/loops.h"
#include "core/ops/two_sum_rule.h"
#include "core/tensor/dispatch.h"
#include "core/threads/parallel.h"

namespace plastic::cpu {
namespace {

/// A sum in the making.
template <class T>
class Sum {
 public:
  Sum() = default;
  explicit Sum(T start) : sum_(static_cast<Wide>(start)) {}
  void add(T x) { sum_ = static_cast<Wide>(sum_ + static_cast<Wide>(x)); }
  T total() const { return static_cast<T>(sum_); }

 private:
  using Wide = std::conditional_t<std::is_floating_point_v<T>, double, std::uint64_t>;
  Wide sum_ = 0;
};

template <>
class Sum<double> {
 public:
  Sum() = default;
  explicit Sum(double start) : sum_{.sum = start} {}
  void add(double x) { sum_.add(x); }
  double total() const { return sum_.total(); }

 private:
  rules::TwoSum<double> sum_;
};

/// A line of an index.
struct Line {
  const std::int64_t* first;
  std::int64_t stride;
  std::int64_t count;

  std::int64_t operator[](std::int64_t j) const { return first[j * stride]; }
};

/// Whether a place for every target costs less than sorting those that occur.
bool is_dense(const Line& line, std::int64_t targets) { return targets <= 8 * line.count; }

/// Positions in a line with the same target, in order.
struct Group {
  std::int64_t target, begin, end;
};

struct Groups {
  std::vector<std::int64_t> positions;
  std::vector<Group> groups;
};

Groups grouped(const Line& line, std::int64_t targets) {
  Groups out;
  out.positions.resize(static_cast<std::size_t>(line.count));
  const auto close = [&](std::int64_t target, std::int64_t end) {
    const std::int64_t begin = out.groups.empty() ? 0 : out.groups.back().end;
    if (end > begin) out.groups.push_back({target, begin, end});
  };
  if (is_dense(line, targets)) {
    // Where the positions of each target end, and first where they begin.
    std::vector<std::int64_t> at(static_cast<std::size_t>(targets) + 1);
    for (std::int64_t j = 0; j < line.count; ++j) ++at[static_cast<std::size_t>(line[j]) + 1];
    for (std::size_t k = 1; k < at.size(); ++k) at[k] += at[k - 1];
    for (std::int64_t j = 0; j < line.count; ++j) {
      const auto place = static_cast<std::size_t>(at[static_cast<std::size_t>(line[j])]++);
      out.positions[place] = j;
    }
    for (std::int64_t k = 0; k < targets; ++k) close(k, at[static_cast<std::size_t>(k)]);
    return out;
  }
  std::vector<std::pair<std::int64_t, std::int64_t>> sorted;
  sorted.reserve(out.positions.size());
  for (std::int64_t j = 0; j < line.count; ++j) sorted.emplace_back(line[j], j);
  std::sort(sorted.begin(), sorted.end());
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    out.positions[i] = sorted[i].second;
    const bool is_last = i + 1 == sorted.size() || sorted[i + 1].first != sorted[i].first;
    if (is_last) close(sorted[i].first, static_cast<std::int64_t>(i) + 1);
  }
  return out;
}

/// Rows of `inner` elements, each added as a whole to the row that the line says.
template <class T>
void add_rows(const Line& line, const T* x, std::int64_t inner, std::int64_t targets, T* y) {
  constexpr std::int64_t block = 64;
  const Groups all = grouped(line, targets);
  const std::int64_t blocks = (inner + block - 1) / block;
  const std::int64_t groups = std::ssize(all.groups);
  const std::int64_t row_cost = std::max<std::int64_t>(
      1, line.count / std::max<std::int64_t>(groups, 1) * std::min(inner, block));
  const std::int64_t grain = std::max<std::int64_t>(1, elementwise_grain / row_cost);
  parallel_for(0, groups * blocks, grain, [&](std::int64_t first, std::int64_t last) {
    Sum<T> sums[block];
    for (std::int64_t task = first; task < last; ++task) {
      const Group& group = all.groups[static_cast<std::size_t>(task / blocks)];
      const std::int64_t begin = task % blocks * block;
      const std::int64_t count = std::min(block, inner - begin);
      T* to = y + group.target * inner + begin;
      for (std::int64_t i = 0; i < count; ++i) sums[i] = Sum<T>(to[i]);
      for (std::int64_t k = group.begin; k < group.end; ++k) {
        const T* from = x + all.positions[static_cast<std::size_t>(k)] * inner + begin;
        for (std::int64_t i = 0; i < count; ++i) sums[i].add(from[i]);
      }
      for (std::int64_t i = 0; i < count; ++i) to[i] = sums[i].total();
    }
  });
}

/// One line: elements `stride` apart are added to elements `stride` apart.
template <class T>
void add_line(const Line& line, const T* x, std::int64_t stride, std::int64_t targets, T* y,
              std::vector<Sum<T>>& sums) {
  if (line.count == 1) {
    T& target = y[line[0] * stride];
    Sum<T> sum(target);
    sum.add(x[0]);
    target = sum.total();
  } else if (is_dense(line, targets)) {
    sums.resize(static_cast<std::size_t>(targets));
    for (std::int64_t k = 0; k < targets; ++k) {
      sums[static_cast<std::size_t>(k)] = Sum<T>(y[k * stride]);
    }
    for (std::int64_t j = 0; j < line.count; ++j) {
      sums[static_cast<std::size_t>(line[j])].add(x[j * stride]);
    }
    for (std::int64_t k = 0; k < targets; ++k) {
      y[k * stride] = sums[static_cast<std::size_t>(k)].total();
    }
  } else {
    const Groups all = grouped(line, targets);
    for (const Group& group : all.groups) {
      Sum<T> sum(y[group.target * stride]);
      for (std::int64_t k = group.begin; k < group.end; ++k) {
        sum.add(x[all.positions[static_cast<std::size_t>(k)] * stride]);
      }
      y[group.target * stride] = sum.total();
    }
  }
}

}  // namespace

void CpuBackend::scatter_add(const Array& in, const Array& index, const Array& out) {
  const std::int64_t count = index.shape[1];
  const std::int64_t inner = index.shape[2];
  const std::int64_t size = out.shape[1];
  if (index.numel() == 0) return;
  const auto line_of = [&](std::int64_t outer, std::int64_t i) {
    return Line{index.as<const std::int64_t>() + outer * index.strides[0] + i * index.strides[2],
                index.strides[1], count};
  };
  const bool is_shared = index.strides[2] == 0 && inner > 1;
  dispatch("scatter_add", in.dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* x = in.as<T>();
    T* y = out.as<T>();
    if (is_shared) {
      for (std::int64_t o = 0; o < index.shape[0]; ++o) {
        add_rows(line_of(o, 0), x + o * count * inner, inner, size, y + o * size * inner);
      }
      return;
    }
    const std::int64_t grain = std::max<std::int64_t>(1, elementwise_grain / count);
    parallel_for(0, index.shape[0] * inner, grain, [&](std::int64_t first, std::int64_t last) {
      std::vector<Sum<T>> sums;
      for (std::int64_t line = first; line < last; ++line) {
        const std::int64_t o = line / inner;
        const std::int64_t i = line % inner;
        add_line(line_of(o, i), x + o * count * inner + i, inner, size, y + o * size * inner + i,
                 sums);
      }
    });
  });
}

}  // namespace plastic::cpu
