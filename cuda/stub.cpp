// The cuda room of a build without CUDA: there are no devices, and it says why.
#include <string>

#include "core/check.h"
#include "core/device/backend.h"
#include "core/device/device_cache.h"
#include "core/device/device_libraries.h"
#include "data/loading/device_gather.h"
#include "optim/kernels.h"

namespace plastic {

int cuda_device_count() { return 0; }

std::string cuda_reason() { return "this build has no CUDA"; }

std::string cuda_description(int) { fail("cuda", cuda_reason()); }

Backend& cuda_backend(int) { fail("cuda", cuda_reason()); }

std::vector<std::string> cuda_libraries() { return {}; }

void cuda_shrink_caches(std::size_t) {}

MemoryUse cuda_memory_use(int) { fail("cuda", cuda_reason()); }

std::unique_ptr<data::DeviceGather> data::cuda_gather(int, const DeviceExamples&) {
  fail("cuda", cuda_reason());
}

optim::Kernels* optim::cuda_kernels(int) { return nullptr; }

}  // namespace plastic
