#include "cuda/runtime/cuda_backend.h"

#include "cuda/runtime/check.h"
#include "cuda/runtime/per_device.h"

namespace plastic {
namespace cuda {

void* CudaBackend::allocate(std::size_t bytes) { return use().memory().allocate(bytes); }

void CudaBackend::deallocate(void* data, std::size_t) {
  // Tensors are destroyed at the end of the process too, where nothing may be thrown.
  if (context_.can_use()) context_.memory().deallocate(data);
}

void CudaBackend::copy_from_host(const void* host, void* device, std::size_t bytes) {
  // The host's memory is read before the call returns; a repetition would not read it again.
  use().check_not_recording("to");
  context_.copy_from_host(host, device, bytes, "a tensor");
}

void CudaBackend::copy_to_host(const void* device, void* host, std::size_t bytes) {
  use().check_not_recording("to");
  check(cudaMemcpyAsync(host, device, bytes, cudaMemcpyDeviceToHost, context_.stream()),
        "cudaMemcpyAsync of ", bytes, " bytes from the device");
  context_.wait("to");
}

Backend& CudaDevices::backend(int index) {
  static auto& backends = *new PerDevice<CudaBackend>(count());
  return backends.of(index);
}

std::string CudaDevices::description(int index) {
  // Without a context, which takes a part of a second and of the memory.
  cudaDeviceProp properties{};
  check(cudaGetDeviceProperties(&properties, index), "cudaGetDeviceProperties");
  return std::string(properties.name) + ", " + std::to_string(properties.totalGlobalMem >> 30) +
         " GiB, compute capability " + std::to_string(properties.major) + "." +
         std::to_string(properties.minor);
}

MemoryUse CudaDevices::memory_use(int index) {
  Context* context = Context::if_used(index);
  return context == nullptr ? MemoryUse{} : context->memory().use();
}

void CudaDevices::shrink_caches(std::size_t keep) {
  for (int i = 0; i < count(); ++i) {
    Context* context = Context::if_used(i);
    if (context == nullptr || !context->is_of_this_process()) continue;
    context->use();
    context->wait("empty_cache");
    context->memory().shrink(keep);
  }
}

}  // namespace cuda

DeviceProvider& cuda_devices() {
  // Never destroyed: tensors of static storage ask for it.
  static auto& all = *new cuda::CudaDevices;
  return all;
}

}  // namespace plastic
