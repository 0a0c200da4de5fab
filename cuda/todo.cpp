// Temporary: what helpers have not written yet.
#include "core/check.h"
#include "cuda/kernels.h"
#include "optim/kernels.h"
#define TODO fail("cuda", __func__, ": not written yet")
#define WEAK __attribute__((weak))
#pragma GCC diagnostic ignored "-Wunused-parameter"
namespace plastic {
namespace cuda {
WEAK void fill(Context&, const Array&, double) { TODO; }
WEAK void copy(Context&, const Array&, const Array&) { TODO; }
WEAK void unary(Context&, Unary, const UnaryParameters&, const Array&, const Array&) { TODO; }
WEAK void unary_grad(Context&, Unary, const UnaryParameters&, const Array&, const Array&,
                     const Array&) {
  TODO;
}
WEAK void binary(Context&, Binary, const Array&, const Array&, const Array&) { TODO; }
WEAK void compare(Context&, Comparison, const Array&, const Array&, const Array&) { TODO; }
WEAK void where(Context&, const Array&, const Array&, const Array&, const Array&) { TODO; }
WEAK void scale_shift(Context&, const Array&, double, double, const Array&) { TODO; }
WEAK void reduce(Context&, Reduction, const Array&, double, const Array&) { TODO; }
WEAK void arg_extreme(Context&, Extreme, const Array&, const Array&) { TODO; }
WEAK bool all_finite(Context&, const Array&) { TODO; }
WEAK void gather(Context&, const Array&, const Array&, const Array&) { TODO; }
WEAK void scatter_add(Context&, const Array&, const Array&, const Array&) { TODO; }
WEAK std::int64_t first_outside(Context&, const Array&, std::int64_t) { TODO; }
WEAK void batch_norm_statistics(Context&, DType, std::int64_t, std::int64_t, const void*, double*,
                                double*) {
  TODO;
}
WEAK void batch_norm(Context&, const BatchNormCall&, void*) { TODO; }
WEAK void batch_norm_grad(Context&, const BatchNormCall&, const BatchNormGrad&) { TODO; }
WEAK void max_pool2d(Context&, const MaxPool2dShape&, const void*, void*, void*) { TODO; }
WEAK void max_pool2d_grad(Context&, const MaxPool2dShape&, const void*, const void*, void*) {
  TODO;
}
WEAK void avg_pool2d(Context&, const AvgPool2dShape&, const void*, void*) { TODO; }
WEAK void avg_pool2d_grad(Context&, const AvgPool2dShape&, const void*, void*) { TODO; }
WEAK std::int64_t cross_entropy(Context&, const Array&, const Array&, const Array&, const Array&) {
  TODO;
}
WEAK void cross_entropy_grad(Context&, const Array&, const Array&, const Array&, const Array&,
                             const Array&) {
  TODO;
}
WEAK void dropout(Context&, const Array&, double, const Generator&, const Array&, const Array&) {
  TODO;
}
WEAK void relu_dropout_grad(Context&, const Array&, const Array&, double, const Array&) { TODO; }
WEAK void masked_scale(Context&, const Array&, const Array&, double, const Array&) { TODO; }
WEAK void uniform(Context&, const Array&, double, double, const Generator&) { TODO; }
WEAK void normal(Context&, const Array&, double, double, const Generator&) { TODO; }
WEAK void finish_gemm(Context&, const Gemm&, bool) { TODO; }
}  // namespace cuda
WEAK optim::Kernels* optim::cuda_kernels(int) { return nullptr; }
}  // namespace plastic
