#include "cuda/runtime/libraries.h"

#include <dlfcn.h>

#include <sstream>
#include <vector>

#include "core/check.h"

namespace plastic::cuda {
namespace {

/// Where the loader looks, or else one of the folders that were found when Plastic was configured.
void* open_library(const std::string& name, std::string& error) {
  std::vector<std::string> paths = {name};
  std::istringstream folders(PLASTIC_CUDA_LIBRARY_FOLDERS);
  for (std::string folder; std::getline(folders, folder, ':');) {
    paths.push_back(folder + "/" + name);
  }
  for (const std::string& path : paths) {
    if (void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) return library;
    // The first says what was wrong with the name that the system knows.
    if (error.empty()) error = dlerror();
  }
  return nullptr;
}

/// A library and the functions found in it so far.
class Library {
 public:
  explicit Library(const std::string& name) : name_(name), handle_(open_library(name, error_)) {}

  template <class Function>
  void find(const char* function, Function& out) {
    if (!error().empty()) return;
    out = reinterpret_cast<Function>(dlsym(handle_, function));
    if (out == nullptr) missing_ = name_ + " has no function " + function;
  }

  /// Empty when all was found.
  const std::string& error() const { return handle_ == nullptr ? error_ : missing_; }

 private:
  std::string name_;
  std::string error_;
  std::string missing_;
  void* handle_;
};

std::string versioned(const char* name, int major) {
  return std::string(name) + "." + std::to_string(major);
}

struct LoadedCublasLt {
  CublasLt functions{};
  std::string error;

  LoadedCublasLt() {
    Library library(versioned("libcublasLt.so", CUBLAS_VER_MAJOR));
    library.find("cublasLtCreate", functions.create);
    library.find("cublasLtDestroy", functions.destroy);
    library.find("cublasLtGetVersion", functions.version);
    library.find("cublasLtMatmul", functions.matmul);
    library.find("cublasLtMatmulAlgoGetHeuristic", functions.heuristic);
    library.find("cublasLtMatmulDescCreate", functions.desc_create);
    library.find("cublasLtMatmulDescDestroy", functions.desc_destroy);
    library.find("cublasLtMatmulDescSetAttribute", functions.desc_set);
    library.find("cublasLtMatrixLayoutCreate", functions.layout_create);
    library.find("cublasLtMatrixLayoutDestroy", functions.layout_destroy);
    library.find("cublasLtMatmulPreferenceCreate", functions.preference_create);
    library.find("cublasLtMatmulPreferenceDestroy", functions.preference_destroy);
    library.find("cublasLtMatmulPreferenceSetAttribute", functions.preference_set);
    library.find("cublasLtGetStatusName", functions.status_name);
    error = library.error();
  }
};

struct LoadedCudnn {
  Cudnn functions{};
  std::string error;

  LoadedCudnn() {
    Library library(versioned("libcudnn.so", CUDNN_MAJOR));
    library.find("cudnnCreate", functions.create);
    library.find("cudnnDestroy", functions.destroy);
    library.find("cudnnSetStream", functions.set_stream);
    library.find("cudnnGetVersion", functions.version);
    library.find("cudnnGetErrorString", functions.error_string);
    library.find("cudnnGetLastErrorString", functions.last_error);
    library.find("cudnnBackendCreateDescriptor", functions.create_descriptor);
    library.find("cudnnBackendDestroyDescriptor", functions.destroy_descriptor);
    library.find("cudnnBackendSetAttribute", functions.set_attribute);
    library.find("cudnnBackendGetAttribute", functions.get_attribute);
    library.find("cudnnBackendFinalize", functions.finalize);
    library.find("cudnnBackendExecute", functions.execute);
    error = library.error();
  }
};

const LoadedCudnn& loaded_cudnn() {
  // Never destroyed: what is made with it may be of static storage.
  static const auto& loaded = *new LoadedCudnn;
  return loaded;
}

}  // namespace

const CublasLt& cublas_lt() {
  // Never destroyed, like cuDNN.
  static const auto& loaded = *new LoadedCublasLt;
  if (!loaded.error.empty()) {
    fail("cuda", "cuBLAS cannot be loaded: ", loaded.error,
         "; put its folder on LD_LIBRARY_PATH, or use --device cpu");
  }
  return loaded.functions;
}

const std::string& cudnn_reason() { return loaded_cudnn().error; }

const Cudnn& cudnn() { return loaded_cudnn().functions; }

}  // namespace plastic::cuda
