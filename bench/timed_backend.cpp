#include "bench/timed_backend.h"

#include <chrono>
#include <type_traits>

#include "core/cpu/cpu_backend.h"
#include "core/device/registry.h"

namespace plastic::bench {
namespace {

std::map<std::string, TimeOfOp>& times() {
  static std::map<std::string, TimeOfOp> all;
  return all;
}

const char* kind_of(const Conv2dShape& shape, const char* three, const char* one) {
  return shape.kernel_height == 3 ? three : one;
}

/// The CPU device, noting the time of each call of what it overrides. Memory is not timed: the
/// cache of blocks answers at once, and threads may ask it.
class TimedBackend final : public Backend {
 public:
  void* allocate(std::size_t bytes) override { return cpu_backend().allocate(bytes); }
  void deallocate(void* data, std::size_t bytes) override { cpu_backend().deallocate(data, bytes); }
  void copy_from_host(const void* host, void* device, std::size_t bytes) override {
    cpu_backend().copy_from_host(host, device, bytes);
  }
  void copy_to_host(const void* device, void* host, std::size_t bytes) override {
    cpu_backend().copy_to_host(device, host, bytes);
  }
  void ternary(Ternary op, double value, const Array& a, const Array& b, const Array& c,
               const Array& out) override {
    timed("ternary", [&] { cpu_backend().ternary(op, value, a, b, c, out); });
  }
  void fill(const Array& out, const Number& value) override {
    timed("fill", [&] { return cpu_backend().fill(out, value); });
  }
  void copy(const Array& in, const Array& out) override {
    timed("copy", [&] { return cpu_backend().copy(in, out); });
  }
  void unary(Unary op, const UnaryParameters& p, const Array& in, const Array& out) override {
    timed("unary", [&] { return cpu_backend().unary(op, p, in, out); });
  }
  void unary_grad(Unary op, const UnaryParameters& p, const Array& saved, const Array& grad,
                  const Array& out) override {
    timed("unary gradient (ReLU)",
          [&] { return cpu_backend().unary_grad(op, p, saved, grad, out); });
  }
  void relu_grad(const ReluGrad& call) override {
    timed("ReLU and bias gradient", [&] { return cpu_backend().relu_grad(call); });
  }
  void binary(Binary op, const Array& a, const Array& b, const Array& out) override {
    timed("binary (sums of gradients)", [&] { return cpu_backend().binary(op, a, b, out); });
  }
  void compare(Comparison op, const Array& a, const Array& b, const Array& out) override {
    timed("compare", [&] { return cpu_backend().compare(op, a, b, out); });
  }
  void where(const Array& condition, const Array& a, const Array& b, const Array& out) override {
    timed("where", [&] { return cpu_backend().where(condition, a, b, out); });
  }
  void binary_number(Binary op, const Array& in, const Number& number, const Array& out) override {
    timed("binary with a number", [&] { return cpu_backend().binary_number(op, in, number, out); });
  }
  void reduce(Reduction op, const Array& in, double divisor, const Array& out) override {
    timed("sum", [&] { return cpu_backend().reduce(op, in, divisor, out); });
  }
  void arg_extreme(Extreme which, const Array& in, const Array& out) override {
    timed("arg_extreme", [&] { return cpu_backend().arg_extreme(which, in, out); });
  }
  void gather(const Array& in, const Array& index, const Array& out) override {
    timed("gather", [&] { return cpu_backend().gather(in, index, out); });
  }
  void scatter_add(const Array& in, const Array& index, const Array& out) override {
    timed("scatter_add", [&] { return cpu_backend().scatter_add(in, index, out); });
  }
  std::int64_t first_outside(const Array& index, std::int64_t limit) override {
    return timed("first_outside", [&] { return cpu_backend().first_outside(index, limit); });
  }
  bool all_finite(const Array& in) override {
    return timed("all_finite", [&] { return cpu_backend().all_finite(in); });
  }
  void gemm(const Gemm& product) override {
    timed("matrix product (linear)", [&] { return cpu_backend().gemm(product); });
  }
  void conv2d(const Conv2dShape& shape, const void* x, const void* weight, const void* bias,
              bool relu, void* y) override {
    timed(kind_of(shape, "conv 3x3 forward", "conv 1x1 forward"),
          [&] { return cpu_backend().conv2d(shape, x, weight, bias, relu, y); });
  }
  void conv2d_max_pool2d(const Conv2dShape& shape, const void* x, const void* weight,
                         const void* bias, bool relu, const MaxPool2dShape& pool, void* offsets,
                         void* y) override {
    timed("conv forward and max pool", [&] {
      return cpu_backend().conv2d_max_pool2d(shape, x, weight, bias, relu, pool, offsets, y);
    });
  }
  void conv2d_input_grad(const Conv2dShape& shape, const void* grad_y, const void* weight,
                         void* grad_x) override {
    timed(kind_of(shape, "conv 3x3 input gradient", "conv 1x1 input gradient"),
          [&] { return cpu_backend().conv2d_input_grad(shape, grad_y, weight, grad_x); });
  }
  void conv2d_weight_grad(const Conv2dShape& shape, const void* x, const void* grad_y,
                          void* grad_weight) override {
    timed(kind_of(shape, "conv 3x3 weight gradient", "conv 1x1 weight gradient"),
          [&] { return cpu_backend().conv2d_weight_grad(shape, x, grad_y, grad_weight); });
  }
  void batch_norm_statistics(DType dtype, std::int64_t rows, std::int64_t channels, const void* x,
                             double* mean, double* variance) override {
    timed("batch norm statistics", [&] {
      return cpu_backend().batch_norm_statistics(dtype, rows, channels, x, mean, variance);
    });
  }
  void batch_norm_running(const BatchNormRunning& update) override {
    timed("batch norm running statistics",
          [&] { return cpu_backend().batch_norm_running(update); });
  }
  void batch_norm(const BatchNormCall& call, void* y) override {
    timed("batch norm forward", [&] { return cpu_backend().batch_norm(call, y); });
  }
  void batch_norm_grad(const BatchNormCall& call, const BatchNormGrad& grad) override {
    timed("batch norm gradient", [&] { return cpu_backend().batch_norm_grad(call, grad); });
  }
  void max_pool2d(const MaxPool2dShape& shape, const void* x, void* offsets, void* y) override {
    timed("max pool forward", [&] { return cpu_backend().max_pool2d(shape, x, offsets, y); });
  }
  void max_pool2d_grad(const MaxPool2dShape& shape, const void* grad_y, const void* offsets,
                       void* grad_x) override {
    timed("max pool gradient",
          [&] { return cpu_backend().max_pool2d_grad(shape, grad_y, offsets, grad_x); });
  }
  void avg_pool2d(const AvgPool2dShape& shape, const void* x, void* y) override {
    timed("average pool forward", [&] { return cpu_backend().avg_pool2d(shape, x, y); });
  }
  void avg_pool2d_grad(const AvgPool2dShape& shape, const void* grad_y, void* grad_x) override {
    timed("average pool gradient",
          [&] { return cpu_backend().avg_pool2d_grad(shape, grad_y, grad_x); });
  }
  std::int64_t cross_entropy(const Array& logits, const Array& targets, const Array& loss,
                             const Array& normalizers) override {
    return timed("loss forward",
                 [&] { return cpu_backend().cross_entropy(logits, targets, loss, normalizers); });
  }
  void cross_entropy_grad(const Array& logits, const Array& targets, const Array& normalizers,
                          const Array& grad, const Array& out) override {
    timed("loss gradient", [&] {
      return cpu_backend().cross_entropy_grad(logits, targets, normalizers, grad, out);
    });
  }
  void dropout(const Array& in, double p, const Generator& at, const Array& out,
               const Array& mask) override {
    timed("dropout forward", [&] { return cpu_backend().dropout(in, p, at, out, mask); });
  }
  void relu_dropout_grad(const Array& result, const Array& grad, double scale,
                         const Array& out) override {
    timed("ReLU and dropout gradient",
          [&] { return cpu_backend().relu_dropout_grad(result, grad, scale, out); });
  }
  void masked_scale(const Array& in, const Array& mask, double scale, const Array& out) override {
    timed("dropout gradient", [&] { return cpu_backend().masked_scale(in, mask, scale, out); });
  }
  void uniform(const Array& out, double low, double high, const Generator& at) override {
    timed("random numbers", [&] { return cpu_backend().uniform(out, low, high, at); });
  }
  void normal(const Array& out, double mean, double deviation, const Generator& at) override {
    timed("random numbers", [&] { return cpu_backend().normal(out, mean, deviation, at); });
  }

 private:
  /// Notes the time from its making to its end.
  class Stopwatch {
   public:
    explicit Stopwatch(const char* op) : time_(times()[op]) {}
    Stopwatch(const Stopwatch&) = delete;
    Stopwatch& operator=(const Stopwatch&) = delete;
    ~Stopwatch() {
      time_.seconds +=
          std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
      ++time_.calls;
    }

   private:
    TimeOfOp& time_;
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  };

  template <class Call>
  static std::invoke_result_t<Call> timed(const char* op, const Call& call) {
    const Stopwatch stopwatch(op);
    return call();
  }
};

class TimedDevices final : public cpu::CpuDevices {
 public:
  Backend& backend(int) override { return backend_; }

 private:
  TimedBackend backend_;
};

}  // namespace

void time_cpu_device() {
  static auto& timed = *new TimedDevices;
  register_device(DeviceType::cpu, &timed);
}

const std::map<std::string, TimeOfOp>& times_of_ops() { return times(); }
void clear_times() { times().clear(); }

}  // namespace plastic::bench
