#include <cstddef>
#include <cstring>
#include <new>

#include "core/cpu/allocator.h"
#include "core/cpu/kernels.h"

namespace plastic {
namespace {

class CpuBackend final : public Backend {
 public:
  void* allocate(std::size_t bytes) override { return cpu::allocate(bytes); }
  void deallocate(void* data, std::size_t bytes) override { cpu::deallocate(data, bytes); }
  void copy_from_host(const void* host, void* device, std::size_t bytes) override {
    if (bytes > 0) std::memcpy(device, host, bytes);
  }
  void copy_to_host(const void* device, void* host, std::size_t bytes) override {
    if (bytes > 0) std::memcpy(host, device, bytes);
  }
  void fill(const Array& out, const Number& value) override { cpu::fill(out, value); }
  void copy(const Array& in, const Array& out) override { cpu::copy(in, out); }
  void unary(Unary op, const UnaryParameters& parameters, const Array& in,
             const Array& out) override {
    cpu::unary(op, parameters, in, out);
  }
  void unary_grad(Unary op, const UnaryParameters& parameters, const Array& saved,
                  const Array& grad, const Array& out) override {
    cpu::unary_grad(op, parameters, saved, grad, out);
  }
  void compare(Comparison op, const Array& a, const Array& b, const Array& out) override {
    cpu::compare(op, a, b, out);
  }
  void where(const Array& condition, const Array& a, const Array& b, const Array& out) override {
    cpu::where(condition, a, b, out);
  }
  void binary(Binary op, const Array& a, const Array& b, const Array& out) override {
    cpu::binary(op, a, b, out);
  }
  void binary_number(Binary op, const Array& in, const Number& number, const Array& out) override {
    cpu::binary_number(op, in, number, out);
  }
  void reduce(Reduction op, const Array& in, double divisor, const Array& out) override {
    cpu::reduce(op, in, divisor, out);
  }
  void arg_extreme(Extreme which, const Array& in, const Array& out) override {
    cpu::arg_extreme(which, in, out);
  }
  void gather(const Array& in, const Array& index, const Array& out) override {
    cpu::gather(in, index, out);
  }
  void scatter_add(const Array& in, const Array& index, const Array& out) override {
    cpu::scatter_add(in, index, out);
  }
  std::int64_t first_outside(const Array& index, std::int64_t limit) override {
    return cpu::first_outside(index, limit);
  }
  bool all_finite(const Array& in) override { return cpu::all_finite(in); }
  void gemm(const Gemm& product) override { cpu::gemm(product); }
  void conv2d(const Conv2dShape& shape, const void* x, const void* weight, const void* bias,
              bool relu, void* y) override {
    cpu::conv2d(shape, x, weight, bias, relu, y);
  }
  void conv2d_input_grad(const Conv2dShape& shape, const void* grad_y, const void* weight,
                         void* grad_x) override {
    cpu::conv2d_input_grad(shape, grad_y, weight, grad_x);
  }
  void conv2d_weight_grad(const Conv2dShape& shape, const void* x, const void* grad_y,
                          void* grad_weight) override {
    cpu::conv2d_weight_grad(shape, x, grad_y, grad_weight);
  }
  void batch_norm_statistics(DType dtype, std::int64_t rows, std::int64_t channels, const void* x,
                             double* mean, double* variance) override {
    cpu::batch_norm_statistics(dtype, rows, channels, x, mean, variance);
  }
  void batch_norm_running(const BatchNormRunning& update) override {
    cpu::batch_norm_running(update);
  }
  void batch_norm(const BatchNormCall& call, void* y) override { cpu::batch_norm(call, y); }
  void batch_norm_grad(const BatchNormCall& call, const BatchNormGrad& grad) override {
    cpu::batch_norm_grad(call, grad);
  }
  void max_pool2d(const MaxPool2dShape& shape, const void* x, void* offsets, void* y) override {
    cpu::max_pool2d(shape, x, offsets, y);
  }
  void max_pool2d_grad(const MaxPool2dShape& shape, const void* grad_y, const void* offsets,
                       void* grad_x) override {
    cpu::max_pool2d_grad(shape, grad_y, offsets, grad_x);
  }
  void avg_pool2d(const AvgPool2dShape& shape, const void* x, void* y) override {
    cpu::avg_pool2d(shape, x, y);
  }
  void avg_pool2d_grad(const AvgPool2dShape& shape, const void* grad_y, void* grad_x) override {
    cpu::avg_pool2d_grad(shape, grad_y, grad_x);
  }
  std::int64_t cross_entropy(const Array& logits, const Array& targets, const Array& loss,
                             const Array& normalizers) override {
    return cpu::cross_entropy(logits, targets, loss, normalizers);
  }
  void cross_entropy_grad(const Array& logits, const Array& targets, const Array& normalizers,
                          const Array& grad, const Array& out) override {
    cpu::cross_entropy_grad(logits, targets, normalizers, grad, out);
  }
  void add_class_sums(const Array& logits, const Array& targets, const Array& loss,
                      const Array& sums) override {
    cpu::add_class_sums(logits, targets, loss, sums);
  }
  void dropout(const Array& in, double p, const Generator& at, const Array& out,
               const Array& mask) override {
    cpu::dropout(in, p, at, out, mask);
  }
  void relu_dropout_grad(const Array& result, const Array& grad, double scale,
                         const Array& out) override {
    cpu::relu_dropout_grad(result, grad, scale, out);
  }
  void masked_scale(const Array& in, const Array& mask, double scale, const Array& out) override {
    cpu::masked_scale(in, mask, scale, out);
  }
  void uniform(const Array& out, double low, double high, const Generator& at) override {
    cpu::uniform(out, low, high, at);
  }
  void normal(const Array& out, double mean, double deviation, const Generator& at) override {
    cpu::normal(out, mean, deviation, at);
  }
};

}  // namespace

Backend& cpu_backend() {
  // Never destroyed: tensors with static lifetime give their memory back after main().
  alignas(CpuBackend) static std::byte place[sizeof(CpuBackend)];
  static auto* instance = new (place) CpuBackend;
  return *instance;
}

namespace {

// Made before main(): a fork while another thread made it would leave the child waiting for it.
[[maybe_unused]] const Backend& made_early = cpu_backend();

}  // namespace

}  // namespace plastic
