#pragma once

#include <cuda_runtime.h>

#include "core/check.h"

namespace plastic::cuda {

/// Throws Error for a call of the CUDA runtime that failed: "[cuda] cudaMemcpyAsync of 12 bytes:
/// cudaErrorInvalidValue, invalid argument". `details` follow the call's name.
template <class... Details>
void check(cudaError_t error, const char* call, const Details&... details) {
  if (error == cudaSuccess) return;
  // A sticky error stays; any other must not be found by the next check.
  cudaGetLastError();
  fail("cuda", call, details..., ": ", cudaGetErrorName(error), ", ", cudaGetErrorString(error));
}

}  // namespace plastic::cuda
