#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/check.h"
#include "cuda/gemm/finish_gemm.h"
#include "cuda/runtime/alignment.h"
#include "cuda/runtime/cuda_backend.h"
#include "cuda/runtime/libraries.h"
#include "cuda/runtime/library_use.h"
#include "cuda/runtime/tuning.h"
#include "cuda/runtime/workspace.h"
#include "plastic/core/deterministic.h"
#include "plastic/core/precision.h"

// cuBLASLt's matrices are stored by columns. Stored so, our matrices read as their transposes, and
// C = A·B as Cᵀ = Bᵀ·Aᵀ: cuBLASLt's first factor is our B, its second our A, and its rows are our
// columns.
namespace plastic::cuda {
namespace {

/// What NVIDIA recommends for its newest devices.
constexpr std::size_t workspace_bytes = std::size_t{32} << 20;
/// How many of the heuristics' algorithms are measured.
constexpr int max_algorithms = 6;

template <class... Details>
void check_cublas(cublasStatus_t status, const char* call, const Details&... details) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  fail("cuda", call, details..., ": ", cublas_lt().status_name(status));
}

template <class Pointer, class Destroy>
using Owned = std::unique_ptr<std::remove_pointer_t<Pointer>, Destroy>;
using Operation = Owned<cublasLtMatmulDesc_t, decltype(&::cublasLtMatmulDescDestroy)>;
using Layout = Owned<cublasLtMatrixLayout_t, decltype(&::cublasLtMatrixLayoutDestroy)>;
using Preference = Owned<cublasLtMatmulPreference_t, decltype(&::cublasLtMatmulPreferenceDestroy)>;
using Handle = Owned<cublasLtHandle_t, decltype(&::cublasLtDestroy)>;

template <class T>
void set(const Operation& operation, cublasLtMatmulDescAttributes_t attribute, const T& value) {
  check_cublas(cublas_lt().desc_set(operation.get(), attribute, &value, sizeof(value)),
               "cublasLtMatmulDescSetAttribute ", static_cast<int>(attribute));
}

template <class T>
void set(const Preference& preference, cublasLtMatmulPreferenceAttributes_t attribute,
         const T& value) {
  check_cublas(cublas_lt().preference_set(preference.get(), attribute, &value, sizeof(value)),
               "cublasLtMatmulPreferenceSetAttribute ", static_cast<int>(attribute));
}

cudaDataType_t data_type(DType dtype) {
  if (dtype == DType::f32) return CUDA_R_32F;
  if (dtype == DType::f64) return CUDA_R_64F;
  if (dtype == DType::bf16) return CUDA_R_16BF;
  fail("matmul", "cannot multiply ", name_of(dtype), " on a CUDA device");
}

cudaDataType_t scale_type(DType dtype) { return dtype == DType::f64 ? CUDA_R_64F : CUDA_R_32F; }

cublasComputeType_t compute_type(DType dtype) {
  if (dtype == DType::f64) return CUBLAS_COMPUTE_64F;
  const bool rounds = dtype == DType::f32 && precision() == Precision::tf32;
  return rounds ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
}

/// Fused epilogues read the bias in vectors, whatever its alignment.
constexpr std::uint32_t fused_bias_alignment = 16;

/// What is to be fused into the product; f64 has products alone.
cublasLtEpilogue_t epilogue_of(const Gemm& g) {
  if (g.dtype == DType::f64) return CUBLASLT_EPILOGUE_DEFAULT;
  if (g.bias != nullptr &&
      cuda::alignment_of(g.bias, fused_bias_alignment) < fused_bias_alignment) {
    return CUBLASLT_EPILOGUE_DEFAULT;
  }
  if (g.bias != nullptr) return g.relu ? CUBLASLT_EPILOGUE_RELU_BIAS : CUBLASLT_EPILOGUE_BIAS;
  return g.relu ? CUBLASLT_EPILOGUE_RELU : CUBLASLT_EPILOGUE_DEFAULT;
}

/// Up to what algorithms ask for.
std::uint32_t alignment_of(const void* data) { return cuda::alignment_of(data, 256); }

using Key = std::array<std::int64_t, 16>;

/// All that an algorithm depends on.
Key key_of(const Gemm& g) {
  return {g.m,
          g.n,
          g.k,
          g.lda,
          g.ldb,
          g.ldc,
          g.transpose_a,
          g.transpose_b,
          static_cast<std::int64_t>(g.dtype),
          compute_type(g.dtype),
          static_cast<std::int64_t>(epilogue_of(g)),
          alignment_of(g.a),
          alignment_of(g.b),
          alignment_of(g.c),
          g.bias == nullptr ? 0 : alignment_of(g.bias),
          deterministic()};
}

Operation make_operation(const Gemm& g, cublasLtEpilogue_t epilogue) {
  cublasLtMatmulDesc_t created = nullptr;
  check_cublas(cublas_lt().desc_create(&created, compute_type(g.dtype), scale_type(g.dtype)),
               "cublasLtMatmulDescCreate");
  Operation operation(created, cublas_lt().desc_destroy);
  set(operation, CUBLASLT_MATMUL_DESC_TRANSA, g.transpose_b ? CUBLAS_OP_T : CUBLAS_OP_N);
  set(operation, CUBLASLT_MATMUL_DESC_TRANSB, g.transpose_a ? CUBLAS_OP_T : CUBLAS_OP_N);
  set(operation, CUBLASLT_MATMUL_DESC_EPILOGUE, epilogue);
  // Heuristics look at its alignment.
  if ((epilogue & CUBLASLT_EPILOGUE_BIAS) != 0) {
    set(operation, CUBLASLT_MATMUL_DESC_BIAS_POINTER, g.bias);
  }
  return operation;
}

/// The layout of a matrix whose rows are `leading` elements apart.
Layout make_layout(DType dtype, std::int64_t rows, std::int64_t columns, std::int64_t leading) {
  cublasLtMatrixLayout_t created = nullptr;
  check_cublas(
      cublas_lt().layout_create(&created, data_type(dtype), static_cast<std::uint64_t>(columns),
                                static_cast<std::uint64_t>(rows), leading),
      "cublasLtMatrixLayoutCreate of ", rows, " x ", columns);
  return {created, cublas_lt().layout_destroy};
}

Preference make_preference(const Gemm& g, std::size_t workspace) {
  cublasLtMatmulPreference_t created = nullptr;
  check_cublas(cublas_lt().preference_create(&created), "cublasLtMatmulPreferenceCreate");
  Preference preference(created, cublas_lt().preference_destroy);
  set(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, std::uint64_t{workspace});
  set(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, alignment_of(g.b));
  set(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, alignment_of(g.a));
  set(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, alignment_of(g.c));
  set(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, alignment_of(g.c));
  // Parts of sums are not to be rounded to bf16 before they are added up.
  if (g.dtype == DType::bf16) {
    set(preference, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
        std::uint32_t{CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE});
  }
  return preference;
}

/// A product of given sizes and types, with the algorithm chosen for it.
struct Plan {
  Operation operation;
  Layout first, second, result;
  cublasLtMatmulAlgo_t algorithm{};
  cublasLtEpilogue_t epilogue;
};

Plan make_plan(const Gemm& g, cublasLtEpilogue_t epilogue) {
  return {.operation = make_operation(g, epilogue),
          .first = g.transpose_b ? make_layout(g.dtype, g.n, g.k, g.ldb)
                                 : make_layout(g.dtype, g.k, g.n, g.ldb),
          .second = g.transpose_a ? make_layout(g.dtype, g.k, g.m, g.lda)
                                  : make_layout(g.dtype, g.m, g.k, g.lda),
          .result = make_layout(g.dtype, g.m, g.n, g.ldc),
          .epilogue = epilogue};
}

/// What the product itself has not done.
void finish(Context& context, const Gemm& g, cublasLtEpilogue_t done) {
  const bool with_bias_and_relu =
      done == CUBLASLT_EPILOGUE_DEFAULT && (g.bias != nullptr || g.relu);
  if (with_bias_and_relu || g.dropout > 0) finish_gemm(context, g, with_bias_and_relu);
}

}  // namespace

/// Matrix products on cuBLASLt, in the precision that plastic::precision() names, with an algorithm
/// chosen once per shape. What follows the sums is fused into the product where cuBLASLt can.
class Products {
 public:
  explicit Products(Context& context) : context_(context), workspace_(context) {}

  /// No size is 0.
  void run(const Gemm& g) {
    count_product();
    const Key key = key_of(g);
    if (const auto found = plans_.find(key); found != plans_.end()) {
      const Plan& plan = found->second;
      check_cublas(multiply(plan, plan.algorithm, g), "cublasLtMatmul of ", g.m, " x ", g.k, " x ",
                   g.n);
      finish(context_, g, plan.epilogue);
      return;
    }
    Plan plan = run_first(g);
    finish(context_, g, plan.epilogue);
    // What is chosen during capture is not measured: the next may do better.
    if (!context_.is_recording()) plans_.emplace(key, std::move(plan));
  }

 private:
  cublasStatus_t multiply(const Plan& plan, const cublasLtMatmulAlgo_t& algorithm, const Gemm& g) {
    if ((plan.epilogue & CUBLASLT_EPILOGUE_BIAS) != 0) {
      set(plan.operation, CUBLASLT_MATMUL_DESC_BIAS_POINTER, g.bias);
    }
    // Numbers of the scale type.
    constexpr double wide[2] = {1, 0};
    constexpr float narrow[2] = {1, 0};
    const bool is_wide = g.dtype == DType::f64;
    const void* one = is_wide ? static_cast<const void*>(&wide[0]) : &narrow[0];
    const void* zero = is_wide ? static_cast<const void*>(&wide[1]) : &narrow[1];
    return cublas_lt().matmul(handle(), plan.operation.get(), one, g.b, plan.first.get(), g.a,
                              plan.second.get(), zero, g.c, plan.result.get(), g.c,
                              plan.result.get(), &algorithm, workspace(), workspace_.size(),
                              context_.stream());
  }

  /// The product of a shape that is new, with the plan that did it: fused if any algorithm can
  /// run so, which heuristics alone do not tell.
  Plan run_first(const Gemm& g) {
    const cublasLtEpilogue_t fused = epilogue_of(g);
    if (fused != CUBLASLT_EPILOGUE_DEFAULT) {
      Plan plan = make_plan(g, fused);
      if (run_best(plan, g)) return plan;
    }
    Plan plan = make_plan(g, CUBLASLT_EPILOGUE_DEFAULT);
    if (run_best(plan, g)) return plan;
    fail("matmul", "cuBLASLt has no algorithm for ", g.m, " x ", g.k, " x ", g.n, " in ",
         name_of(g.dtype), " with rows ", g.lda, ", ", g.ldb, " and ", g.ldc, " apart",
         last_failure_);
  }

  /// Multiplies with the algorithm that it chooses for the plan; false where none can.
  bool run_best(Plan& plan, const Gemm& g) {
    const std::vector<cublasLtMatmulAlgo_t> algorithms = algorithms_for(g, plan);
    const auto run = [&](std::size_t i) {
      const cublasStatus_t status = multiply(plan, algorithms[i], g);
      if (status == CUBLAS_STATUS_SUCCESS) return true;
      last_failure_ = std::string("; cublasLtMatmul: ") + cublas_lt().status_name(status);
      cudaGetLastError();
      return false;
    };
    if (algorithms.size() > 1 && !context_.is_recording() && !deterministic()) {
      const std::size_t best = fastest(context_, algorithms.size(), run);
      if (best == algorithms.size()) return false;
      plan.algorithm = algorithms[best];
      // Others may have written last.
      return run(best);
    }
    for (std::size_t i = 0; i < algorithms.size(); ++i) {
      plan.algorithm = algorithms[i];
      if (run(i)) return true;
    }
    return false;
  }

  /// Best first by the library's own estimate; none where it has none.
  std::vector<cublasLtMatmulAlgo_t> algorithms_for(const Gemm& g, const Plan& plan) {
    workspace();
    const Preference preference = make_preference(g, workspace_.size());
    std::array<cublasLtMatmulHeuristicResult_t, max_algorithms> results{};
    int count = 0;
    const cublasStatus_t status = cublas_lt().heuristic(
        handle(), plan.operation.get(), plan.first.get(), plan.second.get(), plan.result.get(),
        plan.result.get(), preference.get(), max_algorithms, results.data(), &count);
    if (status == CUBLAS_STATUS_NOT_SUPPORTED) return {};
    check_cublas(status, "cublasLtMatmulAlgoGetHeuristic for ", g.m, " x ", g.k, " x ", g.n);
    std::vector<cublasLtMatmulAlgo_t> algorithms;
    for (int i = 0; i < count; ++i) {
      const auto& result = results[static_cast<std::size_t>(i)];
      if (result.state == CUBLAS_STATUS_SUCCESS) algorithms.push_back(result.algo);
    }
    return algorithms;
  }

  cublasLtHandle_t handle() {
    if (!handle_) {
      cublasLtHandle_t created = nullptr;
      check_cublas(cublas_lt().create(&created), "cublasLtCreate");
      handle_ = Handle(created, cublas_lt().destroy);
    }
    return handle_.get();
  }

  /// Null if the very first product is captured.
  void* workspace() {
    return workspace_.get(context_.is_recording() ? workspace_.size() : workspace_bytes, "matmul");
  }

  Context& context_;
  Handle handle_{nullptr, nullptr};
  Workspace workspace_;
  std::map<Key, Plan> plans_;
  /// Why an algorithm could not run, for an error's message.
  std::string last_failure_;
};

void CudaBackend::gemm(const Gemm& g) {
  Context& context = use();
  if (g.m == 0 || g.n == 0) return;
  if (g.k == 0) {
    fill({.data = g.c, .dtype = g.dtype, .shape = {g.m, g.n}, .strides = {g.ldc, 1}}, 0);
    return finish(context, g, CUBLASLT_EPILOGUE_DEFAULT);
  }
  if (!products_) products_ = std::make_shared<Products>(context);
  products_->run(g);
}

}  // namespace plastic::cuda
