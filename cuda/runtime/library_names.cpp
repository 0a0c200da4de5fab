// NVIDIA's libraries as `plastic info` names them.
#include <dlfcn.h>

#include "cuda/runtime/cuda_backend.h"
#include "cuda/runtime/libraries.h"
#include "plastic/core/error.h"

namespace plastic::cuda {
namespace {

/// The file that a function was loaded from.
template <class Function>
std::string file_of(Function* function) {
  Dl_info info{};
  if (dladdr(reinterpret_cast<const void*>(function), &info) == 0) return "?";
  return info.dli_fname;
}

/// 130100 is 13.1.0, as both libraries count from the versions on that we take.
std::string version_text(std::size_t version) {
  return std::to_string(version / 10000) + "." + std::to_string(version / 100 % 100) + "." +
         std::to_string(version % 100);
}

template <class Function>
std::string line(const char* name, Function* version) {
  return std::string(name) + " " + version_text(version()) + ", " + file_of(version);
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

std::vector<std::string> CudaDevices::libraries() { return {cublas_line(), cudnn_line()}; }

}  // namespace plastic::cuda
