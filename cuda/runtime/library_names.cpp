// NVIDIA's libraries as `plastic info` names them.
#include "cuda/runtime/library_names.h"

#include <dlfcn.h>

#include "cuda/runtime/cuda_backend.h"
#include "cuda/runtime/libraries.h"
#include "plastic/core/error.h"

namespace plastic::cuda {
namespace {

/// The file that a function was loaded from.
std::string file_of(const void* function) {
  Dl_info info{};
  if (dladdr(function, &info) == 0) return "?";
  return info.dli_fname;
}

/// 130100 is 13.1.0, as all libraries count from the versions on that we take.
std::string version_text(std::size_t version) {
  return std::to_string(version / 10000) + "." + std::to_string(version / 100 % 100) + "." +
         std::to_string(version % 100);
}

template <class Function>
std::string line(const char* name, Function* version) {
  return library_line(name, version(), reinterpret_cast<const void*>(version));
}

std::string cublas_line() {
  try {
    return line("cuBLASLt", cublas_lt().version);
  } catch (const Error& error) {
    return std::string("cuBLASLt is not available: ") + error.what();
  }
}

std::string cudnn_line() {
  const std::string& reason = cudnn_reason();
  return reason.empty() ? line("cuDNN", cudnn().version) : "cuDNN is not used: " + reason;
}

}  // namespace

std::string library_line(const char* name, std::size_t version, const void* function) {
  return std::string(name) + " " + version_text(version) + ", " + file_of(function);
}

std::vector<std::string> CudaDevices::libraries() {
  return {cublas_line(), cudnn_line(), nccl_line()};
}

}  // namespace plastic::cuda
