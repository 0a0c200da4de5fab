#include "cuda/runtime/libraries.h"

#include "core/check.h"
#include "cuda/runtime/loaded_library.h"

namespace plastic::cuda {
namespace {

const Loaded<CublasLt>& loaded_cublas_lt() {
  // Never destroyed: what is made with it may be of static storage.
  static const auto& loaded = *new Loaded<CublasLt>(
      "libcublasLt.so", CUBLAS_VER_MAJOR, [](LoadedLibrary& library, CublasLt& functions) {
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
      });
  return loaded;
}

const Loaded<Cudnn>& loaded_cudnn() {
  // Never destroyed: what is made with it may be of static storage.
  static const auto& loaded =
      *new Loaded<Cudnn>("libcudnn.so", CUDNN_MAJOR, [](LoadedLibrary& library, Cudnn& functions) {
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
      });
  return loaded;
}

}  // namespace

const CublasLt& cublas_lt() {
  const Loaded<CublasLt>& loaded = loaded_cublas_lt();
  if (!loaded.error.empty()) {
    fail("cuda", "cuBLAS cannot be loaded: ", loaded.error,
         "; put its folder on LD_LIBRARY_PATH, or use --device cpu");
  }
  return loaded.functions;
}

const std::string& cudnn_reason() { return loaded_cudnn().error; }

const Cudnn& cudnn() { return loaded_cudnn().functions; }

}  // namespace plastic::cuda
