#include "tests/core/pretend_device.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <stdexcept>
#include <vector>

#include "core/cpu/cpu_backend.h"
#include "core/device/registry.h"

namespace plastic::test {
namespace {

/// The blocks that are allocated, by address.
using Blocks = std::map<const std::byte*, std::size_t>;

std::int64_t extent(const Array& array) {
  std::int64_t last = 0;
  for (std::size_t axis = 0; axis < array.shape.rank(); ++axis) {
    if (array.shape[axis] == 0) return 0;
    last += (array.shape[axis] - 1) * array.strides[axis];
  }
  return last + 1;
}

/// What one call reads and writes: checks that it is memory of the pretended device, and hands it
/// on.
class Operands {
 public:
  explicit Operands(const Blocks& blocks) : blocks_(blocks) {}

  const Array& in(const Array& array) {
    check(array.data, extent(array), array.dtype);
    return array;
  }
  const Array& out(const Array& array) { return in(array); }
  /// `count` elements without gaps; null stays null.
  const void* in(const void* data, DType dtype, std::int64_t count) {
    if (data != nullptr) check(data, count, dtype);
    return data;
  }
  void* out(void* data, DType dtype, std::int64_t count) {
    in(data, dtype, count);
    return data;
  }

 private:
  void check(const void* data, std::int64_t count, DType dtype) const {
    if (count == 0) return;
    const auto* first = static_cast<const std::byte*>(data);
    const auto after = blocks_.upper_bound(first);
    const bool within =
        after != blocks_.begin() && first + static_cast<std::size_t>(count) * size_of(dtype) <=
                                        std::prev(after)->first + std::prev(after)->second;
    if (!within) throw std::logic_error("memory that was not allocated on the pretended device");
  }

  const Blocks& blocks_;
};

std::int64_t matrix_extent(std::int64_t rows, std::int64_t columns, std::int64_t leading) {
  return rows == 0 || columns == 0 ? 0 : (rows - 1) * leading + columns;
}

/// Functions that it does not override run on the CPU unchecked.
class PretendBackend final : public Backend {
 public:
  void* allocate(std::size_t bytes) override {
    void* data = cpu_backend().allocate(bytes);
    if (bytes > 0) blocks_[static_cast<const std::byte*>(data)] = bytes;
    return data;
  }
  void deallocate(void* data, std::size_t bytes) override {
    blocks_.erase(static_cast<const std::byte*>(data));
    cpu_backend().deallocate(data, bytes);
  }
  void copy_from_host(const void* host, void* device, std::size_t bytes) override {
    Operands(blocks_).out(device, DType::u8, static_cast<std::int64_t>(bytes));
    cpu_backend().copy_from_host(host, device, bytes);
  }
  void copy_to_host(const void* device, void* host, std::size_t bytes) override {
    Operands(blocks_).in(device, DType::u8, static_cast<std::int64_t>(bytes));
    cpu_backend().copy_to_host(device, host, bytes);
  }
  void fill(const Array& out, const Number& value) override {
    Operands at(blocks_);
    cpu_backend().fill(at.out(out), value);
  }
  void copy(const Array& in, const Array& out) override {
    Operands at(blocks_);
    cpu_backend().copy(at.in(in), at.out(out));
  }
  void unary(Unary op, const UnaryParameters& p, const Array& in, const Array& out) override {
    Operands at(blocks_);
    cpu_backend().unary(op, p, at.in(in), at.out(out));
  }
  void unary_grad(Unary op, const UnaryParameters& p, const Array& saved, const Array& grad,
                  const Array& out) override {
    Operands at(blocks_);
    cpu_backend().unary_grad(op, p, at.in(saved), at.in(grad), at.out(out));
  }
  void binary(Binary op, const Array& a, const Array& b, const Array& out) override {
    Operands at(blocks_);
    cpu_backend().binary(op, at.in(a), at.in(b), at.out(out));
  }
  void ternary(Ternary op, double value, const Array& a, const Array& b, const Array& c,
               const Array& out) override {
    Operands at(blocks_);
    cpu_backend().ternary(op, value, at.in(a), at.in(b), at.in(c), at.out(out));
  }
  void compare(Comparison op, const Array& a, const Array& b, const Array& out) override {
    Operands at(blocks_);
    cpu_backend().compare(op, at.in(a), at.in(b), at.out(out));
  }
  void where(const Array& condition, const Array& a, const Array& b, const Array& out) override {
    Operands at(blocks_);
    cpu_backend().where(at.in(condition), at.in(a), at.in(b), at.out(out));
  }
  void binary_number(Binary op, const Array& in, const Number& number, const Array& out) override {
    Operands at(blocks_);
    cpu_backend().binary_number(op, at.in(in), number, at.out(out));
  }
  void reduce(Reduction op, const Array& in, double divisor, const Array& out) override {
    Operands at(blocks_);
    cpu_backend().reduce(op, at.in(in), divisor, at.out(out));
  }
  void arg_extreme(Extreme which, const Array& in, const Array& out) override {
    Operands at(blocks_);
    cpu_backend().arg_extreme(which, at.in(in), at.out(out));
  }
  void gather(const Array& in, const Array& index, const Array& out) override {
    Operands at(blocks_);
    cpu_backend().gather(at.in(in), at.in(index), at.out(out));
  }
  void scatter_add(const Array& in, const Array& index, const Array& out) override {
    Operands at(blocks_);
    cpu_backend().scatter_add(at.in(in), at.in(index), at.out(out));
  }
  std::int64_t first_outside(const Array& index, std::int64_t limit) override {
    Operands at(blocks_);
    return cpu_backend().first_outside(at.in(index), limit);
  }
  bool all_finite(const Array& in) override {
    Operands at(blocks_);
    return cpu_backend().all_finite(at.in(in));
  }
  void gemm(const Gemm& g) override {
    Operands at(blocks_);
    Gemm given = g;
    given.a =
        at.in(g.a, g.dtype,
              g.transpose_a ? matrix_extent(g.k, g.m, g.lda) : matrix_extent(g.m, g.k, g.lda));
    given.b =
        at.in(g.b, g.dtype,
              g.transpose_b ? matrix_extent(g.n, g.k, g.ldb) : matrix_extent(g.k, g.n, g.ldb));
    given.bias = at.in(g.bias, g.dtype, g.n);
    given.c = at.out(g.c, g.dtype, matrix_extent(g.m, g.n, g.ldc));
    cpu_backend().gemm(given);
  }
  void conv2d(const Conv2dShape& shape, const void* x, const void* weight, const void* bias,
              bool relu, void* y) override {
    Operands at(blocks_);
    cpu_backend().conv2d(shape, at.in(x, shape.dtype, shape.x_size()),
                         at.in(weight, shape.dtype, shape.weight_size()),
                         at.in(bias, shape.dtype, shape.out_channels), relu,
                         at.out(y, shape.dtype, shape.y_size()));
  }
  void conv2d_max_pool2d(const Conv2dShape& shape, const void* x, const void* weight,
                         const void* bias, bool relu, const MaxPool2dShape& pool, void* offsets,
                         void* y) override {
    Operands at(blocks_);
    cpu_backend().conv2d_max_pool2d(shape, at.in(x, shape.dtype, shape.x_size()),
                                    at.in(weight, shape.dtype, shape.weight_size()),
                                    at.in(bias, shape.dtype, shape.out_channels), relu, pool,
                                    at.out(offsets, pool.offset_dtype(), pool.y_size()),
                                    at.out(y, pool.dtype, pool.y_size()));
  }
  void conv2d_input_grad(const Conv2dShape& shape, const void* grad_y, const void* weight,
                         void* grad_x) override {
    Operands at(blocks_);
    cpu_backend().conv2d_input_grad(shape, at.in(grad_y, shape.dtype, shape.y_size()),
                                    at.in(weight, shape.dtype, shape.weight_size()),
                                    at.out(grad_x, shape.dtype, shape.x_size()));
  }
  void conv2d_weight_grad(const Conv2dShape& shape, const void* x, const void* grad_y,
                          void* grad_weight) override {
    Operands at(blocks_);
    cpu_backend().conv2d_weight_grad(shape, at.in(x, shape.dtype, shape.x_size()),
                                     at.in(grad_y, shape.dtype, shape.y_size()),
                                     at.out(grad_weight, shape.dtype, shape.weight_size()));
  }
  void batch_norm_statistics(DType dtype, std::int64_t rows, std::int64_t channels, const void* x,
                             double* mean, double* variance) override {
    Operands at(blocks_);
    at.out(mean, DType::f64, channels);
    at.out(variance, DType::f64, channels);
    cpu_backend().batch_norm_statistics(dtype, rows, channels, at.in(x, dtype, rows * channels),
                                        mean, variance);
  }
  void batch_norm_running(const BatchNormRunning& update) override {
    Operands at(blocks_);
    BatchNormRunning given = update;
    at.in(update.mean, DType::f64, update.channels);
    at.in(update.variance, DType::f64, update.channels);
    given.running_mean = at.out(update.running_mean, update.dtype, update.channels);
    given.running_var = at.out(update.running_var, update.dtype, update.channels);
    cpu_backend().batch_norm_running(given);
  }
  void batch_norm(const BatchNormCall& call, void* y) override {
    Operands at(blocks_);
    cpu_backend().batch_norm(with_operands(call, at),
                             at.out(y, call.dtype, call.rows * call.channels));
  }
  void batch_norm_grad(const BatchNormCall& call, const BatchNormGrad& grad) override {
    Operands at(blocks_);
    const std::int64_t count = call.rows * call.channels;
    BatchNormGrad given = grad;
    given.grad_y = at.in(grad.grad_y, call.dtype, count);
    given.y = at.in(grad.y, call.dtype, count);
    given.grad_x = at.out(grad.grad_x, call.dtype, count);
    given.grad_skip = at.out(grad.grad_skip, call.dtype, count);
    given.grad_weight = at.out(grad.grad_weight, parameter_dtype(call.dtype), call.channels);
    given.grad_bias = at.out(grad.grad_bias, parameter_dtype(call.dtype), call.channels);
    cpu_backend().batch_norm_grad(with_operands(call, at), given);
  }
  void relu_grad(const ReluGrad& call) override {
    Operands at(blocks_);
    ReluGrad given = call;
    given.result = at.in(call.result, call.dtype, call.rows * call.channels);
    given.grad = at.in(call.grad, call.dtype, call.rows * call.channels);
    given.out = at.out(call.out, call.dtype, call.rows * call.channels);
    given.sums = at.out(call.sums, call.dtype, call.channels);
    cpu_backend().relu_grad(given);
  }
  void max_pool2d(const MaxPool2dShape& s, const void* x, void* offsets, void* y) override {
    Operands at(blocks_);
    cpu_backend().max_pool2d(s, at.in(x, s.dtype, s.x_size()),
                             at.out(offsets, s.offset_dtype(), s.y_size()),
                             at.out(y, s.dtype, s.y_size()));
  }
  void max_pool2d_grad(const MaxPool2dShape& s, const void* grad_y, const void* offsets,
                       void* grad_x) override {
    Operands at(blocks_);
    cpu_backend().max_pool2d_grad(s, at.in(grad_y, s.dtype, s.y_size()),
                                  at.in(offsets, s.offset_dtype(), s.y_size()),
                                  at.out(grad_x, s.dtype, s.x_size()));
  }
  void avg_pool2d(const AvgPool2dShape& s, const void* x, void* y) override {
    Operands at(blocks_);
    cpu_backend().avg_pool2d(s, at.in(x, s.dtype, s.x_size()), at.out(y, s.dtype, s.y_size()));
  }
  void avg_pool2d_grad(const AvgPool2dShape& s, const void* grad_y, void* grad_x) override {
    Operands at(blocks_);
    cpu_backend().avg_pool2d_grad(s, at.in(grad_y, s.dtype, s.y_size()),
                                  at.out(grad_x, s.dtype, s.x_size()));
  }
  std::int64_t cross_entropy(const Array& logits, const Array& targets, const Array& loss,
                             const Array& normalizers) override {
    Operands at(blocks_);
    return cpu_backend().cross_entropy(at.in(logits), at.in(targets), at.out(loss),
                                       at.out(normalizers));
  }
  void cross_entropy_grad(const Array& logits, const Array& targets, const Array& normalizers,
                          const Array& grad, const Array& out) override {
    Operands at(blocks_);
    cpu_backend().cross_entropy_grad(at.in(logits), at.in(targets), at.in(normalizers), at.in(grad),
                                     at.out(out));
  }
  void dropout(const Array& in, double p, const Generator& from, const Array& out,
               const Array& mask) override {
    Operands at(blocks_);
    cpu_backend().dropout(at.in(in), p, from, at.out(out), at.out(mask));
  }
  void relu_dropout_grad(const Array& result, const Array& grad, double scale,
                         const Array& out) override {
    Operands at(blocks_);
    cpu_backend().relu_dropout_grad(at.in(result), at.in(grad), scale, at.out(out));
  }
  void masked_scale(const Array& in, const Array& mask, double scale, const Array& out) override {
    Operands at(blocks_);
    cpu_backend().masked_scale(at.in(in), at.in(mask), scale, at.out(out));
  }
  void uniform(const Array& out, double low, double high, const Generator& from) override {
    Operands at(blocks_);
    cpu_backend().uniform(at.out(out), low, high, from);
  }
  void normal(const Array& out, double mean, double deviation, const Generator& from) override {
    Operands at(blocks_);
    cpu_backend().normal(at.out(out), mean, deviation, from);
  }

 private:
  static BatchNormCall with_operands(const BatchNormCall& call, Operands& at) {
    const std::int64_t count = call.rows * call.channels;
    BatchNormCall given = call;
    at.in(call.mean, DType::f64, call.channels);
    at.in(call.variance, DType::f64, call.channels);
    given.x = at.in(call.x, call.dtype, count);
    given.weight = at.in(call.weight, parameter_dtype(call.dtype), call.channels);
    given.bias = at.in(call.bias, parameter_dtype(call.dtype), call.channels);
    given.skip = at.in(call.skip, call.dtype, count);
    return given;
  }

  Blocks blocks_;
};

class PretendDevices final : public DeviceProvider {
 public:
  int count() override { return 1; }
  std::string description(int) override { return "a pretended device"; }
  Backend& backend(int) override { return backend_; }
  MemoryUse memory_use(int) override { return {}; }
  void shrink_caches(std::size_t) override {}

 private:
  PretendBackend backend_;
};

PretendDevices& pretended() {
  static auto* instance = new PretendDevices;
  return *instance;
}

}  // namespace

PretendDevice::PretendDevice() : before_(register_device(DeviceType::cuda, &pretended())) {}
PretendDevice::~PretendDevice() { register_device(DeviceType::cuda, before_); }

}  // namespace plastic::test
