#pragma once

#include <cuda_runtime.h>

#include "core/check.h"

namespace plastic::cuda {

/// What to do about an error that a user's machine or build may bring about.
inline const char* remedy_of(cudaError_t error) {
  if (error != cudaErrorNoKernelImageForDevice) return "";
  return "; build with PLASTIC_CUDA_ARCHITECTURES set to this card's compute capability";
}

/// Throws Error for a call of the CUDA runtime that failed: "[cuda] cudaMemcpyAsync of 12 bytes:
/// cudaErrorInvalidValue, invalid argument". `details` follow the call's name.
template <class... Details>
void check(cudaError_t error, const char* call, const Details&... details) {
  if (error == cudaSuccess) return;
  // A sticky error stays; any other must not be found by the next check.
  cudaGetLastError();
  fail("cuda", call, details..., ": ", cudaGetErrorName(error), ", ", cudaGetErrorString(error),
       remedy_of(error));
}

}  // namespace plastic::cuda
