// The functions of the CPU's device that optimizers do not call, in a library of optimizers alone
// (PLASTIC_OPTIMIZERS_ONLY), which is half as large without them.
#include "core/check.h"
#include "core/cpu/cpu_backend.h"

namespace plastic::cpu {
namespace {

[[noreturn]] void left_out(const char* op) {
  fail(op,
       "this library was built for optimizers alone (PLASTIC_OPTIMIZERS_ONLY); build all of it");
}

}  // namespace

void CpuBackend::unary_grad(Unary, const UnaryParameters&, const Array&, const Array&,
                            const Array&) {
  left_out("unary_grad");
}
void CpuBackend::relu_grad(const ReluGrad&) { left_out("relu_grad"); }

void CpuBackend::conv2d(const Conv2dShape&, const void*, const void*, const void*, bool, void*) {
  left_out("conv2d");
}
void CpuBackend::conv2d_input_grad(const Conv2dShape&, const void*, const void*, void*) {
  left_out("conv2d_input_grad");
}
void CpuBackend::conv2d_weight_grad(const Conv2dShape&, const void*, const void*, void*) {
  left_out("conv2d_weight_grad");
}
void CpuBackend::conv2d_max_pool2d(const Conv2dShape&, const void*, const void*, const void*, bool,
                                   const MaxPool2dShape&, void*, void*) {
  left_out("conv2d_max_pool2d");
}

void CpuBackend::batch_norm_statistics(DType, std::int64_t, std::int64_t, const void*, double*,
                                       double*) {
  left_out("batch_norm_statistics");
}
void CpuBackend::batch_norm_running(const BatchNormRunning&) { left_out("batch_norm_running"); }
void CpuBackend::batch_norm(const BatchNormCall&, void*) { left_out("batch_norm"); }
void CpuBackend::batch_norm_grad(const BatchNormCall&, const BatchNormGrad&) {
  left_out("batch_norm_grad");
}

void CpuBackend::max_pool2d(const MaxPool2dShape&, const void*, void*, void*) {
  left_out("max_pool2d");
}
void CpuBackend::max_pool2d_grad(const MaxPool2dShape&, const void*, const void*, void*) {
  left_out("max_pool2d_grad");
}
void CpuBackend::avg_pool2d(const AvgPool2dShape&, const void*, void*) { left_out("avg_pool2d"); }
void CpuBackend::avg_pool2d_grad(const AvgPool2dShape&, const void*, void*) {
  left_out("avg_pool2d_grad");
}

std::int64_t CpuBackend::cross_entropy(const Array&, const Array&, const Array&, const Array&) {
  left_out("cross_entropy");
}
void CpuBackend::cross_entropy_grad(const Array&, const Array&, const Array&, const Array&,
                                    const Array&) {
  left_out("cross_entropy_grad");
}

}  // namespace plastic::cpu
