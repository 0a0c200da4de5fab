// cuBLASLt, acted out: what it is asked for is checked, and the arithmetic is the CPU's.
#include <cublasLt.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "core/device/backend.h"
#include "core/tensor/bfloat16.h"
#include "cuda/runtime/libraries.h"
#include "tests/emulator/capture.h"
#include "tests/emulator/device_memory.h"
#include "tests/emulator/libraries.h"

namespace {

using plastic::DType;
using plastic::emulator::blas;
using plastic::emulator::DeviceMemory;

/// An algorithm, in the order in which the heuristics prefer them.
struct Algorithm {
  std::uint64_t id;
  std::uint64_t workspace;
  std::uint64_t alignment;
  float milliseconds;
};
constexpr Algorithm algorithms[] = {
    {.id = 0, .workspace = 1 << 20, .alignment = 16, .milliseconds = 4},
    {.id = 1, .workspace = 0, .alignment = 2, .milliseconds = 3},
    {.id = 2, .workspace = 4 << 20, .alignment = 16, .milliseconds = 1},
    {.id = 3, .workspace = 2 << 20, .alignment = 2, .milliseconds = 2},
};

DType dtype_of(cudaDataType_t type) {
  if (type == CUDA_R_16BF) return DType::bf16;
  return type == CUDA_R_64F ? DType::f64 : DType::f32;
}

}  // namespace

struct cublasLtContext {};
struct cublasLtMatmulDescOpaque_t {
  cublasComputeType_t compute;
  cudaDataType_t scale;
  cublasOperation_t transpose_a = CUBLAS_OP_N;
  cublasOperation_t transpose_b = CUBLAS_OP_N;
  cublasLtEpilogue_t epilogue = CUBLASLT_EPILOGUE_DEFAULT;
  const void* bias = nullptr;
};
struct cublasLtMatrixLayoutOpaque_t {
  cudaDataType_t type;
  std::int64_t rows, columns, leading;
};
struct cublasLtMatmulPreferenceOpaque_t {
  std::uint64_t workspace = 0;
  // The defaults are NVIDIA's.
  std::uint32_t a = 256, b = 256, c = 256, d = 256;
  std::uint32_t reduction_schemes = 7;
};

namespace {

template <class T>
cublasStatus_t take(T& out, const void* value, std::size_t bytes) {
  if (bytes != sizeof(T)) return CUBLAS_STATUS_INVALID_VALUE;
  std::memcpy(&out, value, sizeof(T));
  return CUBLAS_STATUS_SUCCESS;
}

bool fits(const cublasLtMatmulDesc_t desc, const cublasLtMatrixLayout_t a,
          const cublasLtMatrixLayout_t b, const cublasLtMatrixLayout_t d) {
  const bool turns_a = desc->transpose_a == CUBLAS_OP_T;
  const bool turns_b = desc->transpose_b == CUBLAS_OP_T;
  const std::int64_t k = turns_a ? a->rows : a->columns;
  const bool is_wide = d->type == CUDA_R_64F;
  for (const auto* layout : {a, b, d}) {
    if (layout->rows < 1 || layout->columns < 1 || layout->leading < layout->rows) return false;
    if (layout->type != d->type) return false;
  }
  return (turns_a ? a->columns : a->rows) == d->rows &&
         (turns_b ? b->rows : b->columns) == d->columns && (turns_b ? b->columns : b->rows) == k &&
         desc->scale == (is_wide ? CUDA_R_64F : CUDA_R_32F) &&
         (desc->compute == CUBLAS_COMPUTE_64F) == is_wide &&
         ((desc->epilogue & CUBLASLT_EPILOGUE_BIAS) == 0 || desc->bias != nullptr);
}

bool is_aligned(const void* data, std::uint64_t alignment) {
  return reinterpret_cast<std::uintptr_t>(data) % alignment == 0;
}

/// What a matrix that is stored by columns is to the CPU, which reads rows: its transpose. So
/// Dᵀ = op(B)ᵀ·op(A)ᵀ.
plastic::Gemm by_rows(const cublasLtMatmulDescOpaque_t& desc, const void* a,
                      const cublasLtMatrixLayoutOpaque_t& a_layout, const void* b,
                      const cublasLtMatrixLayoutOpaque_t& b_layout, void* d,
                      const cublasLtMatrixLayoutOpaque_t& d_layout) {
  const bool turns_a = desc.transpose_a == CUBLAS_OP_T;
  return {.dtype = dtype_of(d_layout.type),
          .m = d_layout.columns,
          .n = d_layout.rows,
          .k = turns_a ? a_layout.rows : a_layout.columns,
          .a = b,
          .lda = b_layout.leading,
          .transpose_a = desc.transpose_b == CUBLAS_OP_T,
          .b = a,
          .ldb = a_layout.leading,
          .transpose_b = turns_a,
          .c = d,
          .ldc = d_layout.leading,
          .bias = (desc.epilogue & CUBLASLT_EPILOGUE_BIAS) != 0 ? desc.bias : nullptr,
          .relu = (desc.epilogue & CUBLASLT_EPILOGUE_RELU) != 0};
}

/// What a product reads of a matrix, or of a bias, in f32.
std::vector<float> widened(const void* data, std::int64_t count) {
  const auto* first = static_cast<const plastic::bfloat16*>(data);
  return {first, first + count};
}

void multiply(plastic::Gemm gemm) {
  if (gemm.dtype != DType::bf16) return plastic::cpu_backend().gemm(gemm);
  const auto read = [](std::int64_t rows, std::int64_t columns, std::int64_t leading) {
    return (rows - 1) * leading + columns;
  };
  const std::vector<float> a = widened(
      gemm.a, gemm.transpose_a ? read(gemm.k, gemm.m, gemm.lda) : read(gemm.m, gemm.k, gemm.lda));
  const std::vector<float> b = widened(
      gemm.b, gemm.transpose_b ? read(gemm.n, gemm.k, gemm.ldb) : read(gemm.k, gemm.n, gemm.ldb));
  const std::vector<float> bias = widened(gemm.bias, gemm.bias == nullptr ? 0 : gemm.n);
  std::vector<float> c(static_cast<std::size_t>(gemm.m * gemm.n));
  auto* out = static_cast<plastic::bfloat16*>(gemm.c);
  const std::int64_t leading = gemm.ldc;
  gemm.dtype = DType::f32;
  gemm.a = a.data();
  gemm.b = b.data();
  gemm.bias = gemm.bias == nullptr ? nullptr : bias.data();
  gemm.c = c.data();
  gemm.ldc = gemm.n;
  plastic::cpu_backend().gemm(gemm);
  for (std::int64_t i = 0; i < gemm.m; ++i) {
    for (std::int64_t j = 0; j < gemm.n; ++j) {
      out[i * leading + j] = plastic::bfloat16(c[static_cast<std::size_t>(i * gemm.n + j)]);
    }
  }
}

}  // namespace

cublasStatus_t cublasLtCreate(cublasLtHandle_t* handle) {
  *handle = new cublasLtContext;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtDestroy(cublasLtHandle_t handle) {
  delete handle;
  return CUBLAS_STATUS_SUCCESS;
}
std::size_t cublasLtGetVersion() { return 130000; }
const char* cublasLtGetStatusName(cublasStatus_t status) {
  if (status == CUBLAS_STATUS_INVALID_VALUE) return "CUBLAS_STATUS_INVALID_VALUE";
  if (status == CUBLAS_STATUS_EXECUTION_FAILED) return "CUBLAS_STATUS_EXECUTION_FAILED";
  return status == CUBLAS_STATUS_SUCCESS ? "CUBLAS_STATUS_SUCCESS" : "CUBLAS_STATUS_NOT_SUPPORTED";
}

cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t* desc, cublasComputeType_t compute,
                                        cudaDataType_t scale) {
  *desc = new cublasLtMatmulDescOpaque_t{.compute = compute, .scale = scale};
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t desc) {
  delete desc;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t desc,
                                              cublasLtMatmulDescAttributes_t attribute,
                                              const void* value, std::size_t bytes) {
  switch (attribute) {
    case CUBLASLT_MATMUL_DESC_TRANSA:
      return take(desc->transpose_a, value, bytes);
    case CUBLASLT_MATMUL_DESC_TRANSB:
      return take(desc->transpose_b, value, bytes);
    case CUBLASLT_MATMUL_DESC_EPILOGUE:
      return take(desc->epilogue, value, bytes);
    case CUBLASLT_MATMUL_DESC_BIAS_POINTER:
      return take(desc->bias, value, bytes);
  }
  return CUBLAS_STATUS_INVALID_VALUE;
}

cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t* layout, cudaDataType_t type,
                                          std::uint64_t rows, std::uint64_t columns,
                                          std::int64_t leading) {
  *layout = new cublasLtMatrixLayoutOpaque_t{.type = type,
                                             .rows = static_cast<std::int64_t>(rows),
                                             .columns = static_cast<std::int64_t>(columns),
                                             .leading = leading};
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t layout) {
  delete layout;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t* preference) {
  *preference = new cublasLtMatmulPreferenceOpaque_t;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t preference) {
  delete preference;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t preference,
                                                    cublasLtMatmulPreferenceAttributes_t attribute,
                                                    const void* value, std::size_t bytes) {
  switch (attribute) {
    case CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES:
      return take(preference->workspace, value, bytes);
    case CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK:
      return take(preference->reduction_schemes, value, bytes);
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES:
      return take(preference->a, value, bytes);
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES:
      return take(preference->b, value, bytes);
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES:
      return take(preference->c, value, bytes);
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES:
      return take(preference->d, value, bytes);
  }
  return CUBLAS_STATUS_INVALID_VALUE;
}

cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t handle, cublasLtMatmulDesc_t desc,
                                              cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,
                                              cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d,
                                              cublasLtMatmulPreference_t preference, int most,
                                              cublasLtMatmulHeuristicResult_t* results,
                                              int* count) {
  ++blas().heuristics;
  blas().reduction_schemes = preference->reduction_schemes;
  *count = 0;
  if (handle == nullptr || !fits(desc, a, b, d) || !fits(desc, a, b, c)) {
    return CUBLAS_STATUS_INVALID_VALUE;
  }
  const bool refused = blas().refuses_epilogues || d->type == CUDA_R_64F;
  if (refused && desc->epilogue != CUBLASLT_EPILOGUE_DEFAULT) return CUBLAS_STATUS_NOT_SUPPORTED;
  const std::uint32_t alignment =
      std::min({preference->a, preference->b, preference->c, preference->d});
  for (const Algorithm& algorithm : algorithms) {
    if (*count == most || algorithm.workspace > preference->workspace ||
        algorithm.alignment > alignment) {
      continue;
    }
    // It will insist on what it was promised.
    results[(*count)++] = {.algo = {{algorithm.id, preference->a, preference->b, preference->d}},
                           .workspaceSize = algorithm.workspace,
                           .state = CUBLAS_STATUS_SUCCESS,
                           .wavesCount = 1,
                           .reserved = {}};
  }
  return *count > 0 ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_NOT_SUPPORTED;
}

cublasStatus_t cublasLtMatmul(cublasLtHandle_t handle, cublasLtMatmulDesc_t desc, const void* alpha,
                              const void* a, cublasLtMatrixLayout_t a_layout, const void* b,
                              cublasLtMatrixLayout_t b_layout, const void* beta, const void* c,
                              cublasLtMatrixLayout_t c_layout, void* d,
                              cublasLtMatrixLayout_t d_layout,
                              const cublasLtMatmulAlgo_t* algorithm, void* workspace,
                              std::size_t workspace_bytes, cudaStream_t stream) {
  const Algorithm& chosen = algorithms[algorithm->data[0]];
  const DeviceMemory& memory = DeviceMemory::instance();
  bool sound = handle != nullptr && fits(desc, a_layout, b_layout, d_layout) && c == d &&
               c_layout->leading == d_layout->leading && workspace_bytes >= chosen.workspace &&
               is_aligned(a, algorithm->data[1]) && is_aligned(b, algorithm->data[2]) &&
               is_aligned(d, algorithm->data[3]) && is_aligned(workspace, 256);
  for (const void* data : {a, b, const_cast<const void*>(d)})
    sound = sound && memory.contains(data);
  sound = sound && (chosen.workspace == 0 || memory.contains(workspace));
  sound = sound &&
          (desc->scale == CUDA_R_64F
               ? *static_cast<const double*>(alpha) == 1 && *static_cast<const double*>(beta) == 0
               : *static_cast<const float*>(alpha) == 1 && *static_cast<const float*>(beta) == 0);
  // On a device this is an error that ends all work in the process.
  sound = sound && ((desc->epilogue & CUBLASLT_EPILOGUE_BIAS) == 0 || is_aligned(desc->bias, 16));
  if (!sound) return CUBLAS_STATUS_INVALID_VALUE;
  const bool is_fused = desc->epilogue != CUBLASLT_EPILOGUE_DEFAULT;
  if (static_cast<int>(chosen.id) < blas().failing_algorithms ||
      (is_fused && blas().fails_epilogues)) {
    return CUBLAS_STATUS_EXECUTION_FAILED;
  }
  ++blas().products;
  blas().algorithm = static_cast<int>(chosen.id);
  blas().compute_type = desc->compute;
  blas().epilogue = desc->epilogue;
  const plastic::Gemm gemm = by_rows(*desc, a, *a_layout, b, *b_layout, d, *d_layout);
  plastic::emulator::enqueue(stream, [gemm, workspace, chosen] {
    if (plastic::emulator::is_idle()) return;
    const plastic::emulator::DeviceAccess access;
    if (chosen.workspace > 0) std::memset(workspace, 0xFF, 4096);
    multiply(gemm);
    plastic::emulator::pass_time(chosen.milliseconds);
  });
  return CUBLAS_STATUS_SUCCESS;
}

namespace plastic::emulator {

Blas& blas() {
  static Blas state;
  return state;
}

}  // namespace plastic::emulator

namespace plastic::cuda {

const CublasLt& cublas_lt() {
  static const CublasLt functions{.create = cublasLtCreate,
                                  .destroy = cublasLtDestroy,
                                  .version = cublasLtGetVersion,
                                  .matmul = cublasLtMatmul,
                                  .heuristic = cublasLtMatmulAlgoGetHeuristic,
                                  .desc_create = cublasLtMatmulDescCreate,
                                  .desc_destroy = cublasLtMatmulDescDestroy,
                                  .desc_set = cublasLtMatmulDescSetAttribute,
                                  .layout_create = cublasLtMatrixLayoutCreate,
                                  .layout_destroy = cublasLtMatrixLayoutDestroy,
                                  .preference_create = cublasLtMatmulPreferenceCreate,
                                  .preference_destroy = cublasLtMatmulPreferenceDestroy,
                                  .preference_set = cublasLtMatmulPreferenceSetAttribute,
                                  .status_name = cublasLtGetStatusName};
  return functions;
}

}  // namespace plastic::cuda
