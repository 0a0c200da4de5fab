#pragma once

#include <cstdint>

#include "core/device/conv2d_shape.h"
#include "core/function_ref.h"
#include "core/tensor/dispatch.h"

namespace plastic::cpu {

namespace detail {

template <bool stores_bf16, class F>
void dispatch_images(DType dtype, F&& f) {
  constexpr const char* op = "conv2d";
  if constexpr (stores_bf16) {
    dispatch_stored_floating(op, dtype, f);
  } else {
    dispatch_floating(op, dtype, f);
  }
}

}  // namespace detail

/// The three passes of an algorithm. The contracts are Backend's.
struct ConvPasses {
  void (*forward)(const Conv2dShape& shape, const void* x, const void* weight, const void* bias,
                  bool relu, void* y);
  void (*input_grad)(const Conv2dShape& shape, const void* grad_y, const void* weight,
                     void* grad_x);
  void (*weight_grad)(const Conv2dShape& shape, const void* x, const void* grad_y,
                      void* grad_weight);

  /// Takes the results of images [first, first + count), which last until it returns.
  using TakeImages = FunctionRef<void(std::int64_t first, std::int64_t count, const void* y)>;
  /// forward() of some images at a time, each of them on one thread, while its results are in the
  /// caches; with the same bits. Null where an algorithm cannot.
  void (*forward_by_images)(const Conv2dShape& shape, const void* x, const void* weight,
                            const void* bias, bool relu, const TakeImages& take) = nullptr;
};

/// Those of an algorithm for f32 and f64, and for bf16 if it `stores_bf16`, from lambdas without
/// captures that take what a pass takes, with pointers to any of these types.
template <bool stores_bf16 = false, class Forward, class InputGrad, class WeightGrad>
constexpr ConvPasses typed_passes(Forward, InputGrad, WeightGrad) {
  return {.forward =
              [](const Conv2dShape& shape, const void* x, const void* weight, const void* bias,
                 bool relu, void* y) {
                detail::dispatch_images<stores_bf16>(shape.dtype, [&](auto zero) {
                  using T = decltype(zero);
                  Forward{}(shape, static_cast<const T*>(x), static_cast<const T*>(weight),
                            static_cast<const T*>(bias), relu, static_cast<T*>(y));
                });
              },
          .input_grad =
              [](const Conv2dShape& shape, const void* grad_y, const void* weight, void* grad_x) {
                detail::dispatch_images<stores_bf16>(shape.dtype, [&](auto zero) {
                  using T = decltype(zero);
                  InputGrad{}(shape, static_cast<const T*>(grad_y), static_cast<const T*>(weight),
                              static_cast<T*>(grad_x));
                });
              },
          .weight_grad =
              [](const Conv2dShape& shape, const void* x, const void* grad_y, void* grad_weight) {
                detail::dispatch_images<stores_bf16>(shape.dtype, [&](auto zero) {
                  using T = decltype(zero);
                  WeightGrad{}(shape, static_cast<const T*>(x), static_cast<const T*>(grad_y),
                               static_cast<T*>(grad_weight));
                });
              }};
}

}  // namespace plastic::cpu
