#pragma once

#include <cstdint>

#include "plastic/core/host_device.h"
#include "core/tensor/dispatch.h"

namespace plastic::cuda {

/// What numbers of a type are computed in: themselves, or f32 for those that are only stored.
template <class T>
struct Computed {
  using type = T;
};
template <>
struct Computed<bfloat16> {
  using type = float;
};
template <class T>
using computed = typename Computed<T>::type;

template <class T>
PLASTIC_HOST_DEVICE computed<T> widen(T x) {
  return static_cast<computed<T>>(x);
}
template <class T>
PLASTIC_HOST_DEVICE T narrow(computed<T> x) {
  return static_cast<T>(x);
}

/// Calls f with a value of the C++ type that `dtype` stores, of all or of the floating-point types;
/// requires such a dtype. The façade has checked it.
template <class F>
void with_number(DType dtype, F&& f) {
  dispatch_stored(dtype, f);
}
template <class F>
void with_real(DType dtype, F&& f) {
  if (dtype == DType::bf16) return f(bfloat16{});
  dispatch_floating("cuda", dtype, f);
}

}  // namespace plastic::cuda
