// In place of nccl_link.cpp where the library is built without NCCL.
#include "core/check.h"
#include "cuda/runtime/cuda_backend.h"
#include "cuda/runtime/library_names.h"

namespace plastic::cuda {
namespace {

constexpr const char* reason = "Plastic was built without it";

[[noreturn]] void fail_without_nccl() {
  fail("cuda",
       "the devices of several ranks cannot be linked: Plastic was built without NCCL; "
       "build it with PLASTIC_NCCL=ON, or use --device cpu");
}

}  // namespace

std::string nccl_line() { return std::string("NCCL is not used: ") + reason; }

std::vector<std::byte> CudaBackend::new_link_id() { fail_without_nccl(); }

std::unique_ptr<RankLink> CudaBackend::link(int, int, std::span<const std::byte>) {
  fail_without_nccl();
}

}  // namespace plastic::cuda
