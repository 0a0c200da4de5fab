#include "core/cpu/bf16/backend.h"

#include <cstdint>

#include "core/cpu/bf16/operands.h"

namespace plastic::cpu {
namespace {

DType wide(DType dtype) { return dtype == DType::bf16 ? DType::f32 : dtype; }

/// A call in the dtype of the kernels.
template <class Call>
Call wide(Call call) {
  call.dtype = wide(call.dtype);
  return call;
}

bool is_narrow(DType dtype) { return dtype == DType::bf16; }
bool is_narrow(const Array& array) { return is_narrow(array.dtype); }

class Bf16Backend final : public Backend {
 public:
  explicit Bf16Backend(Backend& kernels) : kernels_(kernels) {}

  void* allocate(std::size_t bytes) override { return kernels_.allocate(bytes); }
  void deallocate(void* data, std::size_t bytes) override { kernels_.deallocate(data, bytes); }
  void copy_from_host(const void* host, void* device, std::size_t bytes) override {
    kernels_.copy_from_host(host, device, bytes);
  }
  void copy_to_host(const void* device, void* host, std::size_t bytes) override {
    kernels_.copy_to_host(device, host, bytes);
  }

  // The kernels store, convert and look at bf16 themselves.
  void fill(const Array& out, const Number& value) override { kernels_.fill(out, value); }
  void copy(const Array& in, const Array& out) override { kernels_.copy(in, out); }
  bool all_finite(const Array& in) override { return kernels_.all_finite(in); }
  std::int64_t first_outside(const Array& index, std::int64_t limit) override {
    return kernels_.first_outside(index, limit);
  }

  void unary(Unary op, const UnaryParameters& p, const Array& in, const Array& out) override {
    if (!is_narrow(in)) return kernels_.unary(op, p, in, out);
    Bf16Operands at(kernels_);
    kernels_.unary(op, p, at.in(in), at.out(out));
    at.finish();
  }
  void unary_grad(Unary op, const UnaryParameters& p, const Array& saved, const Array& grad,
                  const Array& out) override {
    if (!is_narrow(grad)) return kernels_.unary_grad(op, p, saved, grad, out);
    Bf16Operands at(kernels_);
    kernels_.unary_grad(op, p, at.in(saved), at.in(grad), at.out(out));
    at.finish();
  }
  void binary(Binary op, const Array& a, const Array& b, const Array& out) override {
    if (!is_narrow(a)) return kernels_.binary(op, a, b, out);
    Bf16Operands at(kernels_);
    kernels_.binary(op, at.in(a), at.in(b), at.out(out));
    at.finish();
  }
  void binary_number(Binary op, const Array& in, const Number& number, const Array& out) override {
    if (!is_narrow(in)) return kernels_.binary_number(op, in, number, out);
    Bf16Operands at(kernels_);
    kernels_.binary_number(op, at.in(in), number, at.out(out));
    at.finish();
  }
  void ternary(Ternary op, double value, const Array& a, const Array& b, const Array& c,
               const Array& out) override {
    if (!is_narrow(a)) return kernels_.ternary(op, value, a, b, c, out);
    Bf16Operands at(kernels_);
    kernels_.ternary(op, value, at.in(a), at.in(b), at.in(c), at.out(out));
    at.finish();
  }
  void compare(Comparison op, const Array& a, const Array& b, const Array& out) override {
    if (!is_narrow(a)) return kernels_.compare(op, a, b, out);
    Bf16Operands at(kernels_);
    kernels_.compare(op, at.in(a), at.in(b), out);
  }
  void where(const Array& condition, const Array& a, const Array& b, const Array& out) override {
    if (!is_narrow(a)) return kernels_.where(condition, a, b, out);
    Bf16Operands at(kernels_);
    kernels_.where(condition, at.in(a), at.in(b), at.out(out));
    at.finish();
  }

  void reduce(Reduction op, const Array& in, double divisor, const Array& out) override {
    if (!is_narrow(in)) return kernels_.reduce(op, in, divisor, out);
    Bf16Operands at(kernels_);
    kernels_.reduce(op, at.in(in), divisor, at.out(out));
    at.finish();
  }
  void arg_extreme(Extreme which, const Array& in, const Array& out) override {
    if (!is_narrow(in)) return kernels_.arg_extreme(which, in, out);
    Bf16Operands at(kernels_);
    kernels_.arg_extreme(which, at.in(in), out);
  }
  void gather(const Array& in, const Array& index, const Array& out) override {
    if (!is_narrow(in)) return kernels_.gather(in, index, out);
    Bf16Operands at(kernels_);
    kernels_.gather(at.in(in), index, at.out(out));
    at.finish();
  }

  void gemm(const Gemm& g) override {
    if (!is_narrow(g.dtype)) return kernels_.gemm(g);
    Bf16Operands at(kernels_);
    const auto matrix = [&](const void* data, std::int64_t rows, std::int64_t columns,
                            std::int64_t ld) {
      return Array{const_cast<void*>(data), g.dtype, {rows, columns}, {ld, 1}};
    };
    Gemm given = wide(g);
    given.lda = g.transpose_a ? g.m : g.k;
    given.a = at.in(matrix(g.a, g.transpose_a ? g.k : g.m, given.lda, g.lda)).data;
    given.ldb = g.transpose_b ? g.k : g.n;
    given.b = at.in(matrix(g.b, g.transpose_b ? g.n : g.k, given.ldb, g.ldb)).data;
    given.bias = at.in(g.bias, g.dtype, g.n);
    given.ldc = g.n;
    given.c = at.out(matrix(g.c, g.m, g.n, g.ldc)).data;
    kernels_.gemm(given);
    at.finish();
  }

  void conv2d(const Conv2dShape& s, const void* x, const void* weight, const void* bias, bool relu,
              void* y) override {
    if (!is_narrow(s.dtype)) return kernels_.conv2d(s, x, weight, bias, relu, y);
    Bf16Operands at(kernels_);
    kernels_.conv2d(wide(s), at.in(x, s.dtype, s.x_size()), at.in(weight, s.dtype, s.weight_size()),
                    at.in(bias, s.dtype, s.out_channels), relu, at.out(y, s.dtype, s.y_size()));
    at.finish();
  }
  void conv2d_input_grad(const Conv2dShape& s, const void* grad_y, const void* weight,
                         void* grad_x) override {
    if (!is_narrow(s.dtype)) return kernels_.conv2d_input_grad(s, grad_y, weight, grad_x);
    Bf16Operands at(kernels_);
    kernels_.conv2d_input_grad(wide(s), at.in(grad_y, s.dtype, s.y_size()),
                               at.in(weight, s.dtype, s.weight_size()),
                               at.out(grad_x, s.dtype, s.x_size()));
    at.finish();
  }
  void conv2d_weight_grad(const Conv2dShape& s, const void* x, const void* grad_y,
                          void* grad_weight) override {
    if (!is_narrow(s.dtype)) return kernels_.conv2d_weight_grad(s, x, grad_y, grad_weight);
    Bf16Operands at(kernels_);
    kernels_.conv2d_weight_grad(wide(s), at.in(x, s.dtype, s.x_size()),
                                at.in(grad_y, s.dtype, s.y_size()),
                                at.out(grad_weight, s.dtype, s.weight_size()));
    at.finish();
  }

  void batch_norm_statistics(DType dtype, std::int64_t rows, std::int64_t channels, const void* x,
                             double* mean, double* variance) override {
    if (!is_narrow(dtype)) {
      return kernels_.batch_norm_statistics(dtype, rows, channels, x, mean, variance);
    }
    Bf16Operands at(kernels_);
    kernels_.batch_norm_statistics(wide(dtype), rows, channels, at.in(x, dtype, rows * channels),
                                   mean, variance);
  }
  void batch_norm_running(const BatchNormRunning& update) override {
    kernels_.batch_norm_running(update);
  }
  void batch_norm(const BatchNormCall& call, void* y) override {
    if (!is_narrow(call.dtype)) return kernels_.batch_norm(call, y);
    Bf16Operands at(kernels_);
    kernels_.batch_norm(with_operands(call, at), at.out(y, call.dtype, call.rows * call.channels));
    at.finish();
  }
  void batch_norm_grad(const BatchNormCall& call, const BatchNormGrad& grad) override {
    if (!is_narrow(call.dtype)) return kernels_.batch_norm_grad(call, grad);
    Bf16Operands at(kernels_);
    const std::int64_t count = call.rows * call.channels;
    BatchNormGrad given = grad;
    given.grad_y = at.in(grad.grad_y, call.dtype, count);
    given.y = at.in(grad.y, call.dtype, count);
    given.grad_x = at.out(grad.grad_x, call.dtype, count);
    given.grad_skip = at.out(grad.grad_skip, call.dtype, count);
    kernels_.batch_norm_grad(with_operands(call, at), given);
    at.finish();
  }

  void max_pool2d(const MaxPool2dShape& s, const void* x, void* offsets, void* y) override {
    if (!is_narrow(s.dtype)) return kernels_.max_pool2d(s, x, offsets, y);
    Bf16Operands at(kernels_);
    kernels_.max_pool2d(wide(s), at.in(x, s.dtype, s.x_size()), offsets,
                        at.out(y, s.dtype, s.y_size()));
    at.finish();
  }
  void max_pool2d_grad(const MaxPool2dShape& s, const void* grad_y, const void* offsets,
                       void* grad_x) override {
    if (!is_narrow(s.dtype)) return kernels_.max_pool2d_grad(s, grad_y, offsets, grad_x);
    Bf16Operands at(kernels_);
    kernels_.max_pool2d_grad(wide(s), at.in(grad_y, s.dtype, s.y_size()), offsets,
                             at.out(grad_x, s.dtype, s.x_size()));
    at.finish();
  }
  void avg_pool2d(const AvgPool2dShape& s, const void* x, void* y) override {
    if (!is_narrow(s.dtype)) return kernels_.avg_pool2d(s, x, y);
    Bf16Operands at(kernels_);
    kernels_.avg_pool2d(wide(s), at.in(x, s.dtype, s.x_size()), at.out(y, s.dtype, s.y_size()));
    at.finish();
  }
  void avg_pool2d_grad(const AvgPool2dShape& s, const void* grad_y, void* grad_x) override {
    if (!is_narrow(s.dtype)) return kernels_.avg_pool2d_grad(s, grad_y, grad_x);
    Bf16Operands at(kernels_);
    kernels_.avg_pool2d_grad(wide(s), at.in(grad_y, s.dtype, s.y_size()),
                             at.out(grad_x, s.dtype, s.x_size()));
    at.finish();
  }

  void dropout(const Array& in, double p, const Generator& from, const Array& out,
               const Array& mask) override {
    if (!is_narrow(in)) return kernels_.dropout(in, p, from, out, mask);
    Bf16Operands at(kernels_);
    kernels_.dropout(at.in(in), p, from, at.out(out), mask);
    at.finish();
  }
  void relu_dropout_grad(const Array& result, const Array& grad, double scale,
                         const Array& out) override {
    if (!is_narrow(grad)) return kernels_.relu_dropout_grad(result, grad, scale, out);
    Bf16Operands at(kernels_);
    kernels_.relu_dropout_grad(at.in(result), at.in(grad), scale, at.out(out));
    at.finish();
  }
  void masked_scale(const Array& in, const Array& mask, double scale, const Array& out) override {
    if (!is_narrow(in)) return kernels_.masked_scale(in, mask, scale, out);
    Bf16Operands at(kernels_);
    kernels_.masked_scale(at.in(in), mask, scale, at.out(out));
    at.finish();
  }

  // These are not called with bf16 (core/device/backend.h).
  void scatter_add(const Array& in, const Array& index, const Array& out) override {
    kernels_.scatter_add(in, index, out);
  }
  std::int64_t cross_entropy(const Array& logits, const Array& targets, const Array& loss,
                             const Array& normalizers) override {
    return kernels_.cross_entropy(logits, targets, loss, normalizers);
  }
  void cross_entropy_grad(const Array& logits, const Array& targets, const Array& normalizers,
                          const Array& grad, const Array& out) override {
    kernels_.cross_entropy_grad(logits, targets, normalizers, grad, out);
  }
  void uniform(const Array& out, double low, double high, const Generator& from) override {
    kernels_.uniform(out, low, high, from);
  }
  void normal(const Array& out, double mean, double deviation, const Generator& from) override {
    kernels_.normal(out, mean, deviation, from);
  }

 private:
  static BatchNormCall with_operands(const BatchNormCall& call, Bf16Operands& at) {
    const std::int64_t count = call.rows * call.channels;
    BatchNormCall given = wide(call);
    given.x = at.in(call.x, call.dtype, count);
    given.skip = at.in(call.skip, call.dtype, count);
    return given;
  }

  Backend& kernels_;
};

}  // namespace

std::unique_ptr<Backend> with_bf16(Backend& kernels) {
  return std::make_unique<Bf16Backend>(kernels);
}

}  // namespace plastic::cpu
