#pragma once

#include <cuda_runtime.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "cuda/map/strided.h"
#include "cuda/runtime/launch.h"
#include "cuda/runtime/number.h"
#include "cuda/runtime/pack.h"

// Elementwise kernels: y = f(a), f(a, b) or f(a, b, c), for arrays of any strides.
namespace plastic::cuda {

/// A formula of numbers, as one of what is stored: rounded once.
template <class T, class F>
struct Stored {
  F f;
  template <class... Numbers>
  __device__ T operator()(Numbers... x) const {
    return narrow<T>(f(widen(x)...));
  }
};

/// The elements that a thread handles at a time: one vector, or `width` elements as far apart as a
/// block has threads, so that neighbouring threads handle neighbours.
template <int width, std::size_t count>
class Cursor {
 public:
  /// The unit where the calling thread begins, and how far its units lie apart.
  __device__ static std::uint32_t first(const Walk<count>& walk) {
    return blockIdx.x * blockDim.x * together(walk) + threadIdx.x;
  }
  __device__ static std::uint32_t step(const Walk<count>& walk) {
    return gridDim.x * blockDim.x * together(walk);
  }

  __device__ Cursor(const Walk<count>& walk, std::uint32_t unit)
      : vectors_(walk.vectors), repeated_(walk.repeated) {
    if (walk.vectors) {
      valid_ = unit + 1 == walk.units ? static_cast<int>(walk.last_elements) : width;
      walk.locate(unit, at_[0]);
    } else {
      std::uint32_t i[width];
      valid_ = 0;
#pragma unroll
      for (int e = 0; e < width; ++e) {
        // Past the end the last element is read again, and nothing written.
        i[e] = unit + static_cast<std::uint32_t>(e) * blockDim.x;
        if (i[e] < walk.units) ++valid_;
        i[e] = i[e] < walk.units ? i[e] : walk.units - 1;
        for (std::size_t k = 0; k < count; ++k) at_[e][k] = 0;
      }
#pragma unroll 1
      for (std::uint32_t axis = 0; axis < walk.rank; ++axis) {
#pragma unroll
        for (int e = 0; e < width; ++e) i[e] = walk.locate_along(axis, i[e], at_[e]);
      }
    }
  }

  /// The elements of array `k`, which begins at `p`.
  template <class T>
  __device__ Pack<T, width> load(const T* p, std::size_t k) const {
    if (vectors_ && (repeated_ >> k & 1U) == 0) {
      return load_pack<width>(p + at_[0][k], valid_, true);
    }
    Pack<T, width> x;
    if (vectors_) {
      const T value = p[at_[0][k]];
#pragma unroll
      for (int e = 0; e < width; ++e) x.values[e] = value;
    } else {
#pragma unroll
      for (int e = 0; e < width; ++e) x.values[e] = p[at_[e][k]];
    }
    return x;
  }

  template <class T>
  __device__ void store(T* p, std::size_t k, const Pack<T, width>& x) const {
    if (vectors_) return store_pack<width>(p + at_[0][k], x, valid_, true);
#pragma unroll
    for (int e = 0; e < width; ++e) {
      if (e < valid_) p[at_[e][k]] = x.values[e];
    }
  }

 private:
  __device__ static std::uint32_t together(const Walk<count>& walk) {
    return walk.vectors ? 1 : width;
  }

  bool vectors_;
  std::uint32_t repeated_;
  std::uint32_t at_[width][count];
  int valid_;
};

template <int width, std::size_t count>
Grid grid_for(const Context& context, const Walk<count>& walk) {
  const std::int64_t units = walk.units;
  return grid_for(context, walk.vectors ? units : (units + width - 1) / width);
}

template <int width, class Y>
__global__ void __launch_bounds__(block_threads)
    fill_kernel(const __grid_constant__ Walk<1> walk, const Y value, Y* __restrict__ y) {
  using At = Cursor<width, 1>;
  Pack<Y, width> result;
#pragma unroll
  for (int e = 0; e < width; ++e) result.values[e] = value;
  for (std::uint32_t unit = At::first(walk); unit < walk.units; unit += At::step(walk)) {
    At(walk, unit).store(y, 0, result);
  }
}

template <int width, class A, class Y, class F>
__global__ void __launch_bounds__(block_threads)
    map_kernel(const __grid_constant__ Walk<2> walk, const F f, const A* __restrict__ a,
               Y* __restrict__ y) {
  using At = Cursor<width, 2>;
  for (std::uint32_t unit = At::first(walk); unit < walk.units; unit += At::step(walk)) {
    const At at(walk, unit);
    const Pack<A, width> from = at.load(a, 0);
    Pack<Y, width> result;
#pragma unroll
    for (int e = 0; e < width; ++e) result.values[e] = f(from.values[e]);
    at.store(y, 1, result);
  }
}

template <int width, class A, class B, class Y, class F>
__global__ void __launch_bounds__(block_threads)
    map_kernel(const __grid_constant__ Walk<3> walk, const F f, const A* __restrict__ a,
               const B* __restrict__ b, Y* __restrict__ y) {
  using At = Cursor<width, 3>;
  for (std::uint32_t unit = At::first(walk); unit < walk.units; unit += At::step(walk)) {
    const At at(walk, unit);
    const Pack<A, width> first = at.load(a, 0);
    const Pack<B, width> second = at.load(b, 1);
    Pack<Y, width> result;
#pragma unroll
    for (int e = 0; e < width; ++e) result.values[e] = f(first.values[e], second.values[e]);
    at.store(y, 2, result);
  }
}

template <int width, class A, class B, class C, class Y, class F>
__global__ void __launch_bounds__(block_threads)
    map_kernel(const __grid_constant__ Walk<4> walk, const F f, const A* __restrict__ a,
               const B* __restrict__ b, const C* __restrict__ c, Y* __restrict__ y) {
  using At = Cursor<width, 4>;
  for (std::uint32_t unit = At::first(walk); unit < walk.units; unit += At::step(walk)) {
    const At at(walk, unit);
    const Pack<A, width> first = at.load(a, 0);
    const Pack<B, width> second = at.load(b, 1);
    const Pack<C, width> third = at.load(c, 2);
    Pack<Y, width> result;
#pragma unroll
    for (int e = 0; e < width; ++e) {
      result.values[e] = f(first.values[e], second.values[e], third.values[e]);
    }
    at.store(y, 3, result);
  }
}

/// Puts y = value in the order of the stream; `name` is for errors.
template <class Y>
void map(Context& context, const char* name, Y value, const Array& y) {
  constexpr int width = vector_width<Y>;
  Array arrays[] = {y};
  for_each_walk(arrays, width, [&](const Walk<1>& walk, const Array(&part)[1]) {
    launch(context, name, fill_kernel<width, Y>, grid_for<width>(context, walk), walk, value,
           part[0].as<Y>());
  });
}

/// y = f(a).
template <class A, class Y, class F>
void map(Context& context, const char* name, const F& f, const Array& a, const Array& y) {
  constexpr int width = vector_width<A, Y>;
  Array arrays[] = {a, y};
  for_each_walk(arrays, width, [&](const Walk<2>& walk, const Array(&part)[2]) {
    launch(context, name, map_kernel<width, A, Y, F>, grid_for<width>(context, walk), walk, f,
           part[0].as<const A>(), part[1].as<Y>());
  });
}

/// y = f(a, b).
template <class A, class B, class Y, class F>
void map(Context& context, const char* name, const F& f, const Array& a, const Array& b,
         const Array& y) {
  constexpr int width = vector_width<A, B, Y>;
  Array arrays[] = {a, b, y};
  for_each_walk(arrays, width, [&](const Walk<3>& walk, const Array(&part)[3]) {
    launch(context, name, map_kernel<width, A, B, Y, F>, grid_for<width>(context, walk), walk, f,
           part[0].as<const A>(), part[1].as<const B>(), part[2].as<Y>());
  });
}

/// y = f(a, b, c).
template <class A, class B, class C, class Y, class F>
void map(Context& context, const char* name, const F& f, const Array& a, const Array& b,
         const Array& c, const Array& y) {
  constexpr int width = vector_width<A, B, C, Y>;
  Array arrays[] = {a, b, c, y};
  for_each_walk(arrays, width, [&](const Walk<4>& walk, const Array(&part)[4]) {
    launch(context, name, map_kernel<width, A, B, C, Y, F>, grid_for<width>(context, walk), walk, f,
           part[0].as<const A>(), part[1].as<const B>(), part[2].as<const C>(), part[3].as<Y>());
  });
}

}  // namespace plastic::cuda
