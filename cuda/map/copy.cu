#include <algorithm>
#include <cstdint>
#include <type_traits>

#include "core/tensor/number.h"
#include "cuda/map/map.h"
#include "cuda/runtime/cuda_backend.h"
#include "cuda/runtime/number.h"

namespace plastic::cuda {
namespace {

/// Side of the squares that are transposed at a time.
constexpr unsigned side = 32;
/// Rows of a square that a block reads or writes at a time.
constexpr unsigned side_threads = block_threads / side;
/// Shorter sides leave too much of a square empty.
constexpr std::int64_t shortest_side = side / 2;

struct Same {
  template <class T>
  __device__ T operator()(T x) const {
    return x;
  }
};

template <class From, class To>
struct Convert {
  __device__ To operator()(From x) const { return narrow<To>(static_cast<computed<To>>(widen(x))); }
};

/// Many matrices: in[column · in_step + row] to out[row · out_step + column]. `matrices` walks
/// their beginnings.
struct Transposition {
  std::uint32_t rows, columns;
  std::uint32_t in_step, out_step;
  /// Squares along the rows, the columns, and altogether.
  Divisor row_squares, column_squares;
  std::uint32_t squares;
  Walk<2> matrices;
};

/// Through shared memory: neighbouring threads read along the rows and write along the columns.
template <class T>
__global__ void __launch_bounds__(block_threads)
    transpose_kernel(const __grid_constant__ Transposition shape, const T* __restrict__ in,
                     T* __restrict__ out) {
  // Threads that read a column of it find each in another bank.
  __shared__ T square[side][side + 1];
  const std::uint32_t x = threadIdx.x % side;
  const std::uint32_t y = threadIdx.x / side;
  for (std::uint32_t i = blockIdx.x; i < shape.squares; i += gridDim.x) {
    const std::uint32_t above = shape.row_squares.divide(i);
    const std::uint32_t row = (i - above * shape.row_squares.divisor) * side;
    const std::uint32_t matrix = shape.column_squares.divide(above);
    const std::uint32_t column = (above - matrix * shape.column_squares.divisor) * side;
    std::uint32_t at[2];
    shape.matrices.locate(matrix, at);
#pragma unroll
    for (std::uint32_t k = 0; k < side; k += side_threads) {
      const std::uint32_t j = column + y + k;
      if (row + x < shape.rows && j < shape.columns) {
        square[y + k][x] = in[at[0] + j * shape.in_step + row + x];
      }
    }
    __syncthreads();
#pragma unroll
    for (std::uint32_t k = 0; k < side; k += side_threads) {
      const std::uint32_t j = row + y + k;
      if (j < shape.rows && column + x < shape.columns) {
        out[at[1] + j * shape.out_step + column + x] = square[x][y + k];
      }
    }
    __syncthreads();
  }
}

std::uint32_t squares_of(std::int64_t length) {
  return static_cast<std::uint32_t>((length + side - 1) / side);
}

/// A part whose input is dense along axis `dense` and whose output is along the last one.
Transposition plan_transposition(const Array (&part)[2], std::size_t dense) {
  const auto& [in, out] = part;
  const std::size_t last = in.shape.rank() - 1;
  Transposition plan;
  plan.rows = static_cast<std::uint32_t>(in.shape[dense]);
  plan.columns = static_cast<std::uint32_t>(in.shape[last]);
  plan.in_step = static_cast<std::uint32_t>(in.strides[last]);
  plan.out_step = static_cast<std::uint32_t>(out.strides[dense]);
  Array rest[2] = {in, out};
  for (Array& array : rest) {
    array.shape[dense] = 1;
    array.shape[last] = 1;
  }
  simplify_axes(rest);
  plan.matrices = plan_walk(rest, 1);
  plan.row_squares = Divisor(squares_of(in.shape[dense]));
  plan.column_squares = Divisor(squares_of(in.shape[last]));
  plan.squares = plan.row_squares.divisor * plan.column_squares.divisor * plan.matrices.units;
  return plan;
}

/// Copies where input and output are dense along different axes of some length. Returns false, and
/// does nothing, for others.
template <class T>
bool copy_transposed(Context& context, const Array& in, const Array& out) {
  Array arrays[] = {in, out};
  simplify_axes(arrays);
  const Shape& strides = arrays[0].strides;
  const auto found = std::find(strides.begin(), strides.end(), 1);
  if (found == strides.end() || strides.back() <= 1 || arrays[1].strides.back() != 1) return false;
  const auto dense = static_cast<std::size_t>(found - strides.begin());
  const Shape& shape = arrays[0].shape;
  if (std::min(shape[dense], shape.back()) < shortest_side) return false;
  for_each_part(arrays, narrow_limit, [&](const Array(&part)[2]) {
    const Transposition plan = plan_transposition(part, dense);
    const std::int64_t most = std::int64_t{32} * context.multiprocessors();
    const Grid grid{.blocks =
                        dim3(static_cast<unsigned>(std::min<std::int64_t>(plan.squares, most)))};
    launch(context, "copy", transpose_kernel<T>, grid, plan, part[0].as<const T>(),
           part[1].as<T>());
  });
  return true;
}

}  // namespace

void CudaBackend::fill(const Array& out, const Number& value) {
  Context& context = use();
  with_number(out.dtype, [&](auto zero) {
    using T = decltype(zero);
    map<T>(context, "fill", narrow<T>(number_as<computed<T>>(value)), out);
  });
}

void CudaBackend::copy(const Array& in, const Array& out) {
  Context& context = use();
  if (in.numel() == 0) return;
  if (in.dtype == out.dtype) {
    return with_size(size_of(in.dtype), [&](auto zero) {
      using T = decltype(zero);
      if (!copy_transposed<T>(context, in, out)) map<T, T>(context, "copy", Same{}, in, out);
    });
  }
  with_number(in.dtype, [&](auto from) {
    with_number(out.dtype, [&](auto to) {
      using From = decltype(from);
      using To = decltype(to);
      if constexpr (!std::is_same_v<From, To>) {
        map<From, To>(context, "copy", Convert<From, To>{}, in, out);
      }
    });
  });
}

}  // namespace plastic::cuda
