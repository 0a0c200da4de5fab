#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "core/cpu/loops.h"
#include "core/device/array.h"

// Functions of elements, along arrays of any strides; where they are dense, the compiler makes
// vectors.
namespace plastic::cpu {

/// y = f(x) along a run.
template <class In, class Out, class F>
void map_run(const std::byte* const x_bytes, std::int64_t x_stride, std::byte* y_bytes,
             std::int64_t y_stride, std::int64_t count, F f) {
  const In* x = reinterpret_cast<const In*>(x_bytes);
  Out* y = reinterpret_cast<Out*>(y_bytes);
  if (x_stride == 1 && y_stride == 1) {
    PLASTIC_INDEPENDENT
    for (std::int64_t i = 0; i < count; ++i) y[i] = f(x[i]);
  } else if (x_stride == 0 && y_stride == 1) {
    std::fill_n(y, count, f(*x));
  } else {
    for (std::int64_t i = 0; i < count; ++i) y[i * y_stride] = f(x[i * x_stride]);
  }
}

template <class In, class Out, class F>
void map(const Array& in, const Array& out, F f) {
  Array arrays[] = {in, out};
  for_each_run(arrays,
               [&](std::byte* const* pointers, const std::int64_t* strides, std::int64_t count) {
                 map_run<In, Out>(pointers[0], strides[0], pointers[1], strides[1], count, f);
               });
}

template <class T, class Out, class F>
void zip_run(std::byte* const* pointers, const std::int64_t* strides, std::int64_t count, F f) {
  const T* a = reinterpret_cast<const T*>(pointers[0]);
  const T* b = reinterpret_cast<const T*>(pointers[1]);
  Out* y = reinterpret_cast<Out*>(pointers[2]);
  if (strides[0] == 1 && strides[1] == 1 && strides[2] == 1) {
    PLASTIC_INDEPENDENT
    for (std::int64_t i = 0; i < count; ++i) y[i] = static_cast<Out>(f(a[i], b[i]));
  } else if (strides[0] == 1 && strides[1] == 0 && strides[2] == 1) {
    const T scalar = *b;
    PLASTIC_INDEPENDENT
    for (std::int64_t i = 0; i < count; ++i) y[i] = static_cast<Out>(f(a[i], scalar));
  } else if (strides[0] == 0 && strides[1] == 1 && strides[2] == 1) {
    const T scalar = *a;
    PLASTIC_INDEPENDENT
    for (std::int64_t i = 0; i < count; ++i) y[i] = static_cast<Out>(f(scalar, b[i]));
  } else {
    for (std::int64_t i = 0; i < count; ++i) {
      y[i * strides[2]] = static_cast<Out>(f(a[i * strides[0]], b[i * strides[1]]));
    }
  }
}

template <class T, class F>
void zip_run_of_three(std::byte* const* pointers, const std::int64_t* strides, std::int64_t count,
                      F f) {
  const T* a = reinterpret_cast<const T*>(pointers[0]);
  const T* b = reinterpret_cast<const T*>(pointers[1]);
  const T* c = reinterpret_cast<const T*>(pointers[2]);
  T* y = reinterpret_cast<T*>(pointers[3]);
  if (std::all_of(strides, strides + 4, [](std::int64_t stride) { return stride == 1; })) {
    PLASTIC_INDEPENDENT
    for (std::int64_t i = 0; i < count; ++i) y[i] = f(a[i], b[i], c[i]);
  } else {
    for (std::int64_t i = 0; i < count; ++i) {
      y[i * strides[3]] = f(a[i * strides[0]], b[i * strides[1]], c[i * strides[2]]);
    }
  }
}

template <class T, class Out, class F>
void zip(const Array& a, const Array& b, const Array& out, F f) {
  Array arrays[] = {a, b, out};
  for_each_run(arrays, [&](std::byte* const* pointers, const std::int64_t* strides,
                           std::int64_t count) { zip_run<T, Out>(pointers, strides, count, f); });
}

}  // namespace plastic::cpu
