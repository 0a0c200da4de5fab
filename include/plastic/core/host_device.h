#pragma once

/// Marks a function that the CPU's loops and CUDA kernels share, such as an optimizer's rule
/// (plastic/optim/elementwise.h).
#ifdef __CUDACC__
#define PLASTIC_HOST_DEVICE __host__ __device__
#else
#define PLASTIC_HOST_DEVICE
#endif

#pragma GCC visibility push(default)

namespace plastic {

/// √x, correctly rounded: std::sqrt() of a float, for rules in public headers, where `<cmath>`
/// would be 8% of the time that a compiler takes for <plastic/plastic.h>.
PLASTIC_HOST_DEVICE inline float square_root(float x) {
#ifdef __CUDA_ARCH__
  return ::sqrtf(x);
#else
  return __builtin_sqrtf(x);
#endif
}

}  // namespace plastic

#pragma GCC visibility pop
