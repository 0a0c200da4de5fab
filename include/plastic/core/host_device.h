#pragma once

/// Marks a function that the CPU's loops and CUDA kernels share, such as an optimizer's rule
/// (plastic/optim/elementwise.h).
#ifdef __CUDACC__
#define PLASTIC_HOST_DEVICE __host__ __device__
#else
#define PLASTIC_HOST_DEVICE
#endif
