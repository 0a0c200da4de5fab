#pragma once

// Marks a function that the CPU kernels and the CUDA kernels share.
#ifdef __CUDACC__
#define PLASTIC_HOST_DEVICE __host__ __device__
#else
#define PLASTIC_HOST_DEVICE
#endif
