// The cuda room of a build without CUDA: there are no devices, and it says why.
#include <string>

#include "core/backend.h"
#include "core/check.h"
#include "optim/kernels.h"

namespace plastic {

int cuda_device_count() { return 0; }

std::string cuda_reason() { return "this build has no CUDA"; }

Backend& cuda_backend(int) { fail("cuda", cuda_reason()); }

optim::Kernels* optim::cuda_kernels(int) { return nullptr; }

}  // namespace plastic
