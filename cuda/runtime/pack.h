#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "cuda/map/strided.h"

namespace plastic::cuda {

/// Neighbouring elements, read and written in as few accesses as there can be.
template <class T, int width>
struct alignas(sizeof(T) * width < vector_bytes ? sizeof(T) * width : vector_bytes) Pack {
  T values[width];
};

/// The elements from `p` on. Where fewer than `width` are `valid`, at least one, the last of them
/// fills the others. `is_aligned` says that full packs are aligned as Pack is.
template <int width, class T>
__device__ Pack<T, width> load_pack(const T* p, int valid, bool is_aligned) {
  if (is_aligned && valid == width) return *reinterpret_cast<const Pack<T, width>*>(p);
  Pack<T, width> x;
#pragma unroll
  for (int e = 0; e < width; ++e) x.values[e] = p[e < valid ? e : valid - 1];
  return x;
}

template <int width, class T>
__device__ void store_pack(T* p, const Pack<T, width>& x, int valid, bool is_aligned) {
  if (is_aligned && valid == width) {
    *reinterpret_cast<Pack<T, width>*>(p) = x;
  } else {
#pragma unroll
    for (int e = 0; e < width; ++e) {
      if (e < valid) p[e] = x.values[e];
    }
  }
}

/// Whether packs of `width` from `data` on may be accessed as such.
template <int width, class T>
bool is_aligned_for(const T* data) {
  return reinterpret_cast<std::uintptr_t>(data) % alignof(Pack<T, width>) == 0;
}

/// Elements that a thread handles at a time where it keeps something of each: more than 4 take too
/// many registers.
template <class T>
constexpr unsigned pack_width = sizeof(T) < 4 ? 4 : vector_bytes / sizeof(T);

/// Whether packs may begin at each of these; null is not accessed.
template <class... Pointers>
bool are_aligned(const Pointers*... pointers) {
  return ((reinterpret_cast<std::uintptr_t>(pointers) % vector_bytes == 0) && ...);
}

/// Calls f with how many elements to access at a time, as a constant: pack_width where that `fits`,
/// else 1.
template <class T, class F>
void with_pack_width(bool fits, F&& f) {
  if (fits) {
    f(std::integral_constant<unsigned, pack_width<T>>{});
  } else {
    f(std::integral_constant<unsigned, 1>{});
  }
}

/// Calls f with a number of as many bytes as an element has, for what only moves elements.
template <class F>
void with_size(std::size_t bytes, F&& f) {
  if (bytes == 1) return f(std::uint8_t{});
  if (bytes == 2) return f(std::uint16_t{});
  if (bytes == 4) return f(std::uint32_t{});
  f(std::uint64_t{});
}

}  // namespace plastic::cuda
