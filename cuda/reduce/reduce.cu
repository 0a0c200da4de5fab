// Sums over any axes. Each is one of two loops: threads side by side in what is kept, if that is
// what lies together in memory (columns.h), or in what is summed.
#include <type_traits>

#include "core/ops/reduction_rule.h"
#include "cuda/map/axes.h"
#include "cuda/reduce/block_sum.h"
#include "cuda/reduce/columns.h"
#include "cuda/runtime/cuda_backend.h"
#include "cuda/runtime/number.h"
#include "cuda/runtime/pack.h"

namespace plastic::cuda {
namespace {

/// What sums are kept in: wide enough that the only rounding that shows is the last, since threads
/// and blocks add f64 in a tree. Integers wrap around, which C++ promises of those without a sign.
template <class T>
using Accumulator = std::conditional_t<std::is_integral_v<T>, std::uint64_t, double>;

/// How an element enters the sum.
template <class T>
struct Plain {
  __device__ Accumulator<T> operator()(T x) const { return static_cast<Accumulator<T>>(widen(x)); }
};
template <class T>
struct Squared {
  __device__ double operator()(T x) const {
    const auto value = static_cast<double>(widen(x));
    return value * value;
  }
};
/// In another unit; of f64.
template <class Term>
struct Scaled {
  double factor;

  __device__ double operator()(double x) const { return Term{}(x * factor); }
};

/// Sums of T, written as Out.
template <class T, class Out>
struct WriteSum {
  Out* out;
  Axes places;
  rules::ReductionPass pass;

  __device__ void operator()(std::int64_t result, const Accumulator<T> (&total)[1]) const {
    Out& y = out[places.at(result)];
    if constexpr (std::is_integral_v<T>) {
      y = static_cast<Out>(total[0]);
    } else if (pass.is_first || pass.replaces(static_cast<double>(widen(y)))) {
      y = narrow<Out>(static_cast<computed<Out>>(pass.finish(total[0])));
    }
  }
};

template <class T, unsigned width, class Term>
__device__ void add_pack(Accumulator<T> (&sums)[width], const Pack<T, width>& pack, Term term) {
  for (unsigned j = 0; j < width; ++j) sums[j] += term(pack.values[j]);
}

/// A thread a column of packs of what is kept.
template <class T, unsigned width, class Term, class Finish>
__global__ void __launch_bounds__(column_threads)
    sum_columns(const T* in, Axes kept, std::int64_t packs, Axes summed, std::int64_t rows,
                Shares<Accumulator<T>> shares, Term term, Finish finish) {
  Accumulator<T> sums[1][width] = {};
  if (own_column() < packs) {
    const T* column = in + kept.at(own_column());
    for_each_row_group<rows_at_a_time>(
        rows, /*from_last=*/false, [&]<unsigned count>(std::int64_t row) {
          Pack<T, width> read[count];
          for (unsigned i = 0; i < count; ++i) {
            const T* from = column + summed.at(row + std::int64_t{i} * blockDim.y);
            read[i] = *reinterpret_cast<const Pack<T, width>*>(from);
          }
          for (unsigned i = 0; i < count; ++i) add_pack<T, width>(sums[0], read[i], term);
        });
  }
  finish_columns(sums, packs, shares, finish);
}

/// `team` threads a result, 32 or the block; blocks (y) share the packs of a result.
template <class T, unsigned width, unsigned team, class Term, class Finish>
__global__ void __launch_bounds__(block_threads)
    sum_lines(const T* in, Axes kept, std::int64_t results, Axes summed, std::int64_t packs,
              Shares<Accumulator<T>> shares, Term term, Finish finish) {
  constexpr unsigned at_a_time = 4;
  const unsigned lane = threadIdx.x % team;
  const std::int64_t result =
      std::int64_t{blockIdx.x} * (block_threads / team) + threadIdx.x / team;
  // A team leaves as one.
  if (result >= results) return;
  const T* line = in + kept.at(result);
  const std::int64_t end = packs * (blockIdx.y + 1) / gridDim.y;
  std::int64_t i = packs * blockIdx.y / gridDim.y + lane;
  Accumulator<T> sums[width] = {};
  const auto pack_at = [&](std::int64_t index) {
    return *reinterpret_cast<const Pack<T, width>*>(line + summed.at(index));
  };
  for (; i + (at_a_time - 1) * team < end; i += at_a_time * team) {
    Pack<T, width> read[at_a_time];
    for (unsigned j = 0; j < at_a_time; ++j) read[j] = pack_at(i + j * team);
    for (unsigned j = 0; j < at_a_time; ++j) add_pack<T, width>(sums, read[j], term);
  }
  for (; i < end; i += team) add_pack<T, width>(sums, pack_at(i), term);
  Accumulator<T> total[1] = {};
  for (unsigned j = 0; j < width; ++j) total[0] += sums[j];
  if constexpr (team == block_threads) {
    total[0] = block_sum(total[0]);
  } else {
    total[0] = warp_sum(total[0]);
  }
  if (gridDim.y == 1) {
    if (lane == 0) finish(result, total);
    return;
  }
  // Blocks share the packs of one result only.
  if constexpr (team == block_threads) {
    if (lane == 0) shares.partial[blockIdx.y * results + result] = total[0];
    if (!is_last_to_arrive(shares.arrived + blockIdx.x, gridDim.y)) return;
    join_shares<block_threads, 1>(shares.partial, results, result, result + 1, finish);
  }
}

/// The axes of a reduction, neighbours joined and in the order of memory.
struct Layout {
  Array kept;
  /// Where the results lie, with the axes of `kept`.
  Array out;
  Array summed;
};

Layout split_axes(const Array& in, const Array& out) {
  Array kept[2] = {out, in};
  Array summed[1] = {in};
  for (Array* side : {&kept[0], &kept[1], &summed[0]}) {
    side->shape = {};
    side->strides = {};
  }
  for (std::size_t axis = 0; axis < in.shape.rank(); ++axis) {
    if (in.shape[axis] == 1) continue;
    const bool is_summed = out.shape[axis] == 1;
    Array& side = is_summed ? summed[0] : kept[1];
    side.shape.push_back(in.shape[axis]);
    side.strides.push_back(in.strides[axis]);
    if (is_summed) continue;
    kept[0].shape.push_back(out.shape[axis]);
    kept[0].strides.push_back(out.strides[axis]);
  }
  sort_axes(kept);
  collapse_axes(kept);
  sort_axes(summed);
  collapse_axes(summed);
  return {.kept = kept[1], .out = kept[0], .summed = summed[0]};
}

/// Whether packs of `width` cut up the last axis of `packed` and begin where packs may, wherever
/// the other axes lead.
bool packs_fit(const Array& packed, const Array& other, std::int64_t width) {
  const std::size_t rank = packed.shape.rank();
  if (rank == 0 || packed.strides.back() != 1 || packed.shape.back() % width != 0) return false;
  bool fit = are_aligned(packed.data);
  for (std::size_t i = 0; i + 1 < rank; ++i) fit = fit && packed.strides[i] % width == 0;
  for (const std::int64_t stride : other.strides) fit = fit && stride % width == 0;
  return fit;
}

/// The same memory, with packs for elements of the last axis.
Array in_packs(Array array, std::int64_t width) {
  if (width == 1) return array;
  array.shape[array.shape.rank() - 1] /= width;
  array.strides[array.strides.rank() - 1] = width;
  return array;
}

template <class T, class Term, class Finish>
void sum_by_columns(Context& context, const Layout& layout, bool fits, Term term,
                    const Finish& finish) {
  with_pack_width<T>(fits, [&](auto width) {
    const Array kept = in_packs(layout.kept, width);
    const std::int64_t packs = kept.numel();
    const std::int64_t columns = layout.kept.numel();
    const std::int64_t rows = layout.summed.numel();
    const Grid grid = column_sum_grid(context, rows, packs);
    const ShareMemory<Accumulator<T>> memory(context, grid, 1, columns);
    launch(context, "sum_columns", sum_columns<T, width, Term, Finish>, grid, layout.kept.as<T>(),
           axes_of(kept), packs, axes_of(layout.summed), rows, memory.shares(), term, finish);
  });
}

template <class T, class Term, class Finish>
void sum_by_lines(Context& context, const Layout& layout, bool fits, Term term,
                  const Finish& finish) {
  // Packs that make a block worth it for one result.
  constexpr std::int64_t many = 4 * block_threads;
  with_pack_width<T>(fits, [&](auto width) {
    const Array summed = in_packs(layout.summed, width);
    const std::int64_t packs = summed.numel();
    const std::int64_t results = layout.kept.numel();
    const bool by_block = packs >= many;
    constexpr std::int64_t warps = block_threads / 32;
    Grid grid;
    grid.blocks.x = static_cast<unsigned>(by_block ? results : (results + warps - 1) / warps);
    if (by_block) {
      const std::int64_t wanted = std::int64_t{4} * context.multiprocessors() / results;
      grid.blocks.y =
          static_cast<unsigned>(std::max<std::int64_t>(std::min(wanted, packs / (2 * many)), 1));
    }
    const ShareMemory<Accumulator<T>> memory(context, grid, 1, results);
    launch(context, "sum_lines",
           by_block ? sum_lines<T, width, block_threads, Term, Finish>
                    : sum_lines<T, width, 32, Term, Finish>,
           grid, layout.kept.as<T>(), axes_of(layout.kept), results, axes_of(summed), packs,
           memory.shares(), term, finish);
  });
}

template <class T, class Out, class Term>
void sum(Context& context, const Array& in, Term term, const rules::ReductionPass& pass,
         const Array& out) {
  const Layout layout = split_axes(in, out);
  const Array& kept = layout.kept;
  const Array& summed = layout.summed;
  const WriteSum<T, Out> finish{.out = out.as<Out>(), .places = axes_of(layout.out), .pass = pass};
  // Fewer would leave most threads of a warp idle.
  constexpr std::int64_t min_line = 16;
  const bool kept_is_denser =
      !kept.shape.empty() && !summed.shape.empty() && kept.strides.back() < summed.strides.back();
  const bool by_columns = summed.numel() < min_line || kept_is_denser;
  if (by_columns) {
    sum_by_columns<T>(context, layout, packs_fit(kept, summed, pack_width<T>), term, finish);
  } else {
    sum_by_lines<T>(context, layout, packs_fit(summed, kept, pack_width<T>), term, finish);
  }
}

}  // namespace

void CudaBackend::reduce(Reduction op, const Array& in, double divisor, const Array& out) {
  Context& context = use();
  if (out.numel() == 0) return;
  with_number(in.dtype, [&](auto zero) {
    using T = decltype(zero);
    const auto run = [&](const rules::ReductionPass& pass, auto term) {
      using Wide = std::conditional_t<std::is_integral_v<T>, std::int64_t, double>;
      if (out.dtype == in.dtype) {
        sum<T, T>(context, in, term, pass, out);
      } else {
        sum<T, Wide>(context, in, term, pass, out);
      }
    };
    if constexpr (std::is_integral_v<T>) {
      run({}, Plain<T>{});
    } else {
      for (const rules::ReductionPass& pass :
           rules::passes_of(op, divisor, in.dtype == DType::f64)) {
        if (pass.is_first) {
          op == Reduction::sum ? run(pass, Plain<T>{}) : run(pass, Squared<T>{});
        } else if constexpr (std::is_same_v<T, double>) {
          op == Reduction::sum ? run(pass, Scaled<Plain<T>>{pass.factor})
                               : run(pass, Scaled<Squared<T>>{pass.factor});
        }
      }
    }
  });
}

}  // namespace plastic::cuda
