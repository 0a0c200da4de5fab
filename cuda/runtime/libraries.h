#pragma once

#include <cublasLt.h>
#include <cudnn.h>

#include <string>

// NVIDIA's libraries, loaded when a product or a convolution is first asked for. They take a third
// of a second and hundreds of megabytes to load: a program that finds no device, or uses none, must
// not pay for them, nor need them to be there.
namespace plastic::cuda {

/// The functions of libcublasLt that cuda/ calls, by their own names.
struct CublasLt {
  decltype(&::cublasLtCreate) create;
  decltype(&::cublasLtDestroy) destroy;
  decltype(&::cublasLtGetVersion) version;
  decltype(&::cublasLtMatmul) matmul;
  decltype(&::cublasLtMatmulAlgoGetHeuristic) heuristic;
  decltype(&::cublasLtMatmulDescCreate) desc_create;
  decltype(&::cublasLtMatmulDescDestroy) desc_destroy;
  decltype(&::cublasLtMatmulDescSetAttribute) desc_set;
  decltype(&::cublasLtMatrixLayoutCreate) layout_create;
  decltype(&::cublasLtMatrixLayoutDestroy) layout_destroy;
  decltype(&::cublasLtMatmulPreferenceCreate) preference_create;
  decltype(&::cublasLtMatmulPreferenceDestroy) preference_destroy;
  decltype(&::cublasLtMatmulPreferenceSetAttribute) preference_set;
  decltype(&::cublasLtGetStatusName) status_name;
};

/// The functions of libcudnn: its graph API.
struct Cudnn {
  decltype(&::cudnnCreate) create;
  decltype(&::cudnnDestroy) destroy;
  decltype(&::cudnnSetStream) set_stream;
  decltype(&::cudnnGetVersion) version;
  decltype(&::cudnnGetErrorString) error_string;
  decltype(&::cudnnGetLastErrorString) last_error;
  decltype(&::cudnnBackendCreateDescriptor) create_descriptor;
  decltype(&::cudnnBackendDestroyDescriptor) destroy_descriptor;
  decltype(&::cudnnBackendSetAttribute) set_attribute;
  decltype(&::cudnnBackendGetAttribute) get_attribute;
  decltype(&::cudnnBackendFinalize) finalize;
  decltype(&::cudnnBackendExecute) execute;
};

/// Throws Error naming the file when the library is not there or lacks a function.
const CublasLt& cublas_lt();

/// Why cuDNN is not used, empty where it is: convolutions then run on kernels of our own, which are
/// slower.
const std::string& cudnn_reason();
/// Requires that cudnn_reason() is empty.
const Cudnn& cudnn();

}  // namespace plastic::cuda
