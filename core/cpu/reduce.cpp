#include <algorithm>
#include <cmath>
#include <span>

#include "core/cpu/cascade_sum.h"
#include "core/cpu/column_sums.h"
#include "core/cpu/cpu_backend.h"
#include "core/cpu/loops.h"
#include "core/cpu/scratch.h"
#include "core/ops/reduction_rule.h"
#include "core/tensor/dispatch.h"

namespace plastic::cpu {
namespace {

/// What sums are kept in: wide enough that the only rounding that shows is the last, because sums
/// of f64 are taken pairwise. Integers wrap around, which C++ promises of those without a sign.
template <class T>
using Accumulator =
    std::conditional_t<std::is_floating_point_v<Computed<T>>, double, std::uint64_t>;

/// How an element enters the sum.
template <class T>
struct Plain {
  Accumulator<T> operator()(T x) const { return static_cast<Accumulator<T>>(x); }
};
template <class T>
struct Squared {
  double operator()(T x) const {
    const auto value = static_cast<double>(x);
    return value * value;
  }
};
/// In another unit.
template <class Term>
struct Scaled {
  double factor;

  double operator()(double x) const { return Term{}(x * factor); }
};

/// Sum of `count` dense elements, in an order fixed by `count`. In lanes, so that it becomes
/// vectors without changing its order.
template <class T, class Term>
Accumulator<T> sum_block(const T* x, std::int64_t count, Term term) {
  using Sum = Accumulator<T>;
  constexpr std::int64_t lanes = 16;
  // Elements that are added one by one in the lanes before their sums join the totals: f64 would
  // lose digits to their number.
  const std::int64_t run = std::is_same_v<T, double> ? 16 * lanes : count;
  Sum total[lanes] = {};
  std::int64_t i = 0;
  while (i + lanes <= count) {
    const std::int64_t end = std::min(count, i + run);
    Sum lane[lanes] = {};
    for (; i + lanes <= end; i += lanes) {
      for (std::int64_t j = 0; j < lanes; ++j) lane[j] += term(x[i + j]);
    }
    for (std::int64_t j = 0; j < lanes; ++j) total[j] += lane[j];
  }
  for (std::int64_t half = lanes / 2; half > 0; half /= 2) {
    for (std::int64_t j = 0; j < half; ++j) total[j] += total[j + half];
  }
  Sum rest = 0;
  for (; i < count; ++i) rest += term(x[i]);
  return total[0] + rest;
}

/// The same for any count.
template <class T, class Term>
Accumulator<T> sum_dense(const T* x, std::int64_t count, Term term) {
  constexpr std::int64_t block = 4096;
  if (count <= block) return sum_block(x, count, term);
  CascadeSum<Accumulator<T>> total;
  for (std::int64_t i = 0; i < count; i += block) {
    total.add(sum_block(x + i, std::min(block, count - i), term));
  }
  return total.total();
}

/// Sums dense runs of one row of the result: fixed chunks on all threads, joined in order.
template <class T, class Term>
Accumulator<T> sum_long(const T* x, std::int64_t count, Term term) {
  const std::int64_t chunks = chunk_count(count);
  if (chunks <= 1) return sum_dense(x, count, term);
  ScratchVector<Accumulator<T>> partial(static_cast<std::size_t>(chunks));
  parallel_for(0, chunks, 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t c = first; c < last; ++c) {
      const std::int64_t begin = c * reduction_chunk;
      partial[static_cast<std::size_t>(c)] =
          sum_dense(x + begin, std::min(reduction_chunk, count - begin), term);
    }
  });
  CascadeSum<Accumulator<T>> total;
  for (const Accumulator<T> value : partial) total.add(value);
  return total.total();
}

/// Where results go.
template <class Out>
class Results {
 public:
  Results(Out* data, const rules::ReductionPass& pass)
      : data_(data), pass_(pass), is_plain_(pass.is_first && pass.finish.is_plain()) {}

  void write(std::int64_t at, double sum) const {
    Out& y = data_[at];
    if (is_plain_) {
      // Without the division loops over results become vectors.
      y = static_cast<Out>(sum);
      return;
    }
    if (pass_.is_first || pass_.replaces(static_cast<double>(y))) {
      y = static_cast<Out>(pass_.finish(sum));
    }
  }
  void write(std::int64_t at, std::uint64_t sum) const { data_[at] = static_cast<Out>(sum); }

 private:
  Out* data_;
  rules::ReductionPass pass_;
  bool is_plain_;
};

/// The axes of a reduction in the order kept..., reduced...
struct Layout {
  Array kept;
  Array reduced;
  Shape out_strides;
};

Layout split_axes(const Array& in, const Array& out) {
  Layout layout;
  for (std::size_t axis = 0; axis < in.shape.rank(); ++axis) {
    if (in.shape[axis] == 1) continue;
    const bool is_reduced = out.shape[axis] == 1;
    Array& side = is_reduced ? layout.reduced : layout.kept;
    side.shape.push_back(in.shape[axis]);
    side.strides.push_back(in.strides[axis]);
    if (!is_reduced) layout.out_strides.push_back(out.strides[axis]);
  }
  return layout;
}

std::int64_t position(const Shape& shape, const Shape& strides, std::int64_t index) {
  if (shape.rank() == 1) return index * strides[0];
  std::int64_t at = 0;
  for (std::size_t axis = shape.rank(); axis-- > 0;) {
    at += index % shape[axis] * strides[axis];
    index /= shape[axis];
  }
  return at;
}

/// Sum over leading axes of dense rows (count, columns): adds row after row, which keeps memory in
/// order. Threads share the rows, or the columns where there are so many that sums of several
/// chunks of rows would take too much memory.
template <class T, class Term, class Out>
void sum_rows(const T* x, std::int64_t count, std::int64_t row_stride, std::int64_t columns,
              Term term, const Results<Out>& results) {
  using Sum = Accumulator<T>;
  const auto write = [&](std::span<const Sum> total, std::int64_t first) {
    for (std::size_t j = 0; j < total.size(); ++j) {
      results.write(first + static_cast<std::int64_t>(j), total[j]);
    }
  };
  constexpr bool in_levels = std::is_same_v<T, double>;
  if (columns < many_columns) {
    const auto add = [=](std::int64_t first, std::int64_t last, Sum* sums) {
      add_rows(x, first, last, row_stride, columns, term, sums);
    };
    return write(sum_over_rows<Sum>(count, columns, columns, in_levels, add), 0);
  }
  parallel_for(0, columns, many_columns / 4, [&](std::int64_t first, std::int64_t last) {
    const std::int64_t width = last - first;
    const auto add = [=](std::int64_t from, std::int64_t to, Sum* sums) {
      add_rows(x + first, from, to, row_stride, width, term, sums);
    };
    ScratchVector<Sum> total(static_cast<std::size_t>(width));
    add_to_sums(0, count, width, in_levels, total.data(), add);
    write(total, first);
  });
}

template <class T, class Term, class Out>
void sum(const Array& in, const Array& out, Term term, const Results<Out>& results) {
  using Sum = Accumulator<T>;
  const T* x = in.as<T>();
  if (out.numel() == 1 && in.is_contiguous()) {
    return results.write(0, sum_long(x, in.numel(), term));
  }
  Layout layout = split_axes(in, out);
  Array reduced[] = {layout.reduced};
  sort_axes(reduced);
  collapse_axes(reduced);
  const Shape& run_shape = reduced[0].shape;
  const Shape& run_strides = reduced[0].strides;
  const std::int64_t kept = layout.kept.numel();
  const std::int64_t count = run_shape.numel();

  if (layout.kept.shape.rank() == 1 && layout.kept.strides[0] == 1 && layout.out_strides[0] == 1 &&
      run_shape.rank() <= 1) {
    const std::int64_t row_stride = run_shape.rank() == 1 ? run_strides[0] : 0;
    return sum_rows(x, count, row_stride, kept, term, results);
  }
  // Summed along one axis at a time, dense where there is such an axis.
  const std::int64_t run = run_shape.rank() == 0 ? 1 : run_shape.back();
  const bool dense = run_shape.rank() == 0 || run_strides.back() == 1;
  if (dense && kept == 1 && run == count) return results.write(0, sum_long(x, count, term));
  const std::int64_t grain =
      std::max<std::int64_t>(1, elementwise_grain / std::max<std::int64_t>(count, 1));
  parallel_for(0, kept, grain, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t i = first; i < last; ++i) {
      const T* from = x + position(layout.kept.shape, layout.kept.strides, i);
      if (dense && run == count) {
        results.write(position(layout.kept.shape, layout.out_strides, i),
                      sum_dense(from, count, term));
        continue;
      }
      CascadeSum<Sum> total;
      if (dense) {
        for (std::int64_t j = 0; j < count; j += run) {
          total.add(sum_dense(from + position(run_shape, run_strides, j), run, term));
        }
      } else {
        for (std::int64_t j = 0; j < count; ++j) {
          total.add(term(from[position(run_shape, run_strides, j)]));
        }
      }
      results.write(position(layout.kept.shape, layout.out_strides, i), total.total());
    }
  });
}

/// Whether the pass before left anything to do; of f64.
bool is_needed(const rules::ReductionPass& pass, const Array& out) {
  for (std::int64_t i = 0; i < out.numel(); ++i) {
    if (pass.replaces(out.as<double>()[position(out.shape, out.strides, i)])) return true;
  }
  return false;
}

template <class T>
bool is_better(Extreme which, T candidate, T best) {
  if constexpr (std::is_floating_point_v<T>) {
    if (std::isnan(best)) return false;
    if (std::isnan(candidate)) return true;
  }
  return which == Extreme::largest ? candidate > best : candidate < best;
}

}  // namespace

void CpuBackend::reduce(Reduction op, const Array& in, double divisor, const Array& out) {
  dispatch_stored(in.dtype, [&](auto zero) {
    using T = decltype(zero);
    const auto run = [&](const rules::ReductionPass& pass, auto term) {
      using Wide = std::conditional_t<std::is_integral_v<T>, std::int64_t, double>;
      const auto into = [&](auto wanted) {
        using Out = decltype(wanted);
        sum<T>(in, out, term, Results<Out>(out.as<Out>(), pass));
      };
      out.dtype == in.dtype ? into(T{}) : into(Wide{});
    };
    if constexpr (std::is_integral_v<T>) {
      run({}, Plain<T>{});
    } else {
      for (const rules::ReductionPass& pass :
           rules::passes_of(op, divisor, in.dtype == DType::f64)) {
        if (pass.is_first) {
          op == Reduction::sum ? run(pass, Plain<T>{}) : run(pass, Squared<T>{});
        } else if constexpr (std::is_same_v<T, double>) {
          if (!is_needed(pass, out)) continue;
          op == Reduction::sum ? run(pass, Scaled<Plain<T>>{pass.factor})
                               : run(pass, Scaled<Squared<T>>{pass.factor});
        }
      }
    }
  });
}

void CpuBackend::arg_extreme(Extreme which, const Array& in, const Array& out) {
  const std::int64_t count = in.shape[1];
  const std::int64_t inner = in.shape[2];
  dispatch_stored(in.dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* x = in.as<T>();
    std::int64_t* y = out.as<std::int64_t>();
    const std::int64_t grain = std::max<std::int64_t>(1, elementwise_grain / count);
    parallel_for(0, in.shape[0] * inner, grain, [&](std::int64_t first, std::int64_t last) {
      for (std::int64_t i = first; i < last; ++i) {
        const T* from = x + i / inner * count * inner + i % inner;
        std::int64_t best = 0;
        for (std::int64_t j = 1; j < count; ++j) {
          if (is_better<Computed<T>>(which, from[j * inner], from[best * inner])) best = j;
        }
        y[i] = best;
      }
    });
  });
}

}  // namespace plastic::cpu
