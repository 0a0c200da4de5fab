#include <string>

#include "core/check.h"
#include "core/device/backend.h"
#include "core/device/device_cache.h"
#include "cuda/conv/conv2d.h"
#include "cuda/gemm/gemm.h"
#include "cuda/kernels.h"
#include "cuda/runtime/check.h"
#include "cuda/runtime/context.h"
#include "cuda/runtime/per_device.h"
#include "cuda/runtime/recorder.h"

namespace plastic {
namespace cuda {
namespace {

class CudaBackend : public Backend {
 public:
  explicit CudaBackend(int index)
      : context_(Context::of(index)), products_(context_), convolutions_(context_) {}

  void* allocate(std::size_t bytes) override { return here().memory().allocate(bytes); }
  void deallocate(void* data, std::size_t) override {
    // Tensors are destroyed at the end of the process too, where nothing may be thrown.
    if (context_.can_use()) context_.memory().deallocate(data);
  }

  void copy_from_host(const void* host, void* device, std::size_t bytes) override {
    // The host's memory is read before the call returns; a repetition would not read it again.
    here().check_not_recording("to");
    context_.copy_from_host(host, device, bytes, "a tensor");
  }
  void copy_to_host(const void* device, void* host, std::size_t bytes) override {
    here().check_not_recording("to");
    check(cudaMemcpyAsync(host, device, bytes, cudaMemcpyDeviceToHost, context_.stream()),
          "cudaMemcpyAsync of ", bytes, " bytes from the device");
    context_.wait("to");
  }

  void fill(const Array& out, const Number& value) override { cuda::fill(here(), out, value); }
  void copy(const Array& in, const Array& out) override { cuda::copy(here(), in, out); }
  void unary(Unary op, const UnaryParameters& parameters, const Array& in,
             const Array& out) override {
    cuda::unary(here(), op, parameters, in, out);
  }
  void unary_grad(Unary op, const UnaryParameters& parameters, const Array& saved,
                  const Array& grad, const Array& out) override {
    cuda::unary_grad(here(), op, parameters, saved, grad, out);
  }
  void binary(Binary op, const Array& a, const Array& b, const Array& out) override {
    cuda::binary(here(), op, a, b, out);
  }
  void compare(Comparison op, const Array& a, const Array& b, const Array& out) override {
    cuda::compare(here(), op, a, b, out);
  }
  void where(const Array& condition, const Array& a, const Array& b, const Array& out) override {
    cuda::where(here(), condition, a, b, out);
  }
  void binary_number(Binary op, const Array& in, const Number& number, const Array& out) override {
    cuda::binary_number(here(), op, in, number, out);
  }

  void reduce(Reduction op, const Array& in, double divisor, const Array& out) override {
    cuda::reduce(here(), op, in, divisor, out);
  }
  void arg_extreme(Extreme which, const Array& in, const Array& out) override {
    cuda::arg_extreme(here(), which, in, out);
  }
  bool all_finite(const Array& in) override { return cuda::all_finite(here(), in); }

  void gather(const Array& in, const Array& index, const Array& out) override {
    cuda::gather(here(), in, index, out);
  }
  void scatter_add(const Array& in, const Array& index, const Array& out) override {
    cuda::scatter_add(here(), in, index, out);
  }
  std::int64_t first_outside(const Array& index, std::int64_t limit) override {
    return cuda::first_outside(here(), index, limit);
  }

  void gemm(const Gemm& gemm) override {
    here();
    products_.run(gemm);
  }

  void conv2d(const Conv2dShape& shape, const void* x, const void* weight, const void* bias,
              bool relu, void* y) override {
    here();
    convolutions_.forward(shape, x, weight, bias, relu, y);
  }
  void conv2d_input_grad(const Conv2dShape& shape, const void* grad_y, const void* weight,
                         void* grad_x) override {
    here();
    convolutions_.input_grad(shape, grad_y, weight, grad_x);
  }
  void conv2d_weight_grad(const Conv2dShape& shape, const void* x, const void* grad_y,
                          void* grad_weight) override {
    here();
    convolutions_.weight_grad(shape, x, grad_y, grad_weight);
  }

  void batch_norm_statistics(DType dtype, std::int64_t rows, std::int64_t channels, const void* x,
                             double* mean, double* variance) override {
    cuda::batch_norm_statistics(here(), dtype, rows, channels, x, mean, variance);
  }
  void batch_norm_running(const BatchNormRunning& update) override {
    cuda::batch_norm_running(here(), update);
  }
  void batch_norm(const BatchNormCall& call, void* y) override {
    cuda::batch_norm(here(), call, y);
  }
  void batch_norm_grad(const BatchNormCall& call, const BatchNormGrad& grad) override {
    cuda::batch_norm_grad(here(), call, grad);
  }

  void max_pool2d(const MaxPool2dShape& shape, const void* x, void* offsets, void* y) override {
    cuda::max_pool2d(here(), shape, x, offsets, y);
  }
  void max_pool2d_grad(const MaxPool2dShape& shape, const void* grad_y, const void* offsets,
                       void* grad_x) override {
    cuda::max_pool2d_grad(here(), shape, grad_y, offsets, grad_x);
  }
  void avg_pool2d(const AvgPool2dShape& shape, const void* x, void* y) override {
    cuda::avg_pool2d(here(), shape, x, y);
  }
  void avg_pool2d_grad(const AvgPool2dShape& shape, const void* grad_y, void* grad_x) override {
    cuda::avg_pool2d_grad(here(), shape, grad_y, grad_x);
  }

  std::int64_t cross_entropy(const Array& logits, const Array& targets, const Array& loss,
                             const Array& normalizers) override {
    return cuda::cross_entropy(here(), logits, targets, loss, normalizers);
  }
  void cross_entropy_grad(const Array& logits, const Array& targets, const Array& normalizers,
                          const Array& grad, const Array& out) override {
    cuda::cross_entropy_grad(here(), logits, targets, normalizers, grad, out);
  }

  void add_class_sums(const Array& logits, const Array& targets, const Array& loss,
                      const Array& sums) override {
    cuda::add_class_sums(here(), logits, targets, loss, sums);
  }

  void dropout(const Array& in, double p, const Generator& at, const Array& out,
               const Array& mask) override {
    cuda::dropout(here(), in, p, at, out, mask);
  }
  void relu_dropout_grad(const Array& result, const Array& grad, double scale,
                         const Array& out) override {
    cuda::relu_dropout_grad(here(), result, grad, scale, out);
  }
  void masked_scale(const Array& in, const Array& mask, double scale, const Array& out) override {
    cuda::masked_scale(here(), in, mask, scale, out);
  }
  void uniform(const Array& out, double low, double high, const Generator& at) override {
    cuda::uniform(here(), out, low, high, at);
  }
  void normal(const Array& out, double mean, double deviation, const Generator& at) override {
    cuda::normal(here(), out, mean, deviation, at);
  }

  std::unique_ptr<RecordedStep> record(Generator& generator,
                                       const std::function<void()>& step) override {
    return cuda::record(here(), generator, step);
  }

 private:
  Context& here() {
    context_.use();
    return context_;
  }

  Context& context_;
  Products products_;
  Convolutions convolutions_;
};

}  // namespace
}  // namespace cuda

int cuda_device_count() { return cuda::devices().count; }

std::string cuda_reason() { return cuda::devices().reason; }

std::string cuda_description(int index) {
  // Without a context, which takes a part of a second and of the memory.
  cudaDeviceProp properties{};
  cuda::check(cudaGetDeviceProperties(&properties, index), "cudaGetDeviceProperties");
  return std::string(properties.name) + ", " + std::to_string(properties.totalGlobalMem >> 30) +
         " GiB, compute capability " + std::to_string(properties.major) + "." +
         std::to_string(properties.minor);
}

Backend& cuda_backend(int index) {
  static auto& backends = *new cuda::PerDevice<cuda::CudaBackend>(cuda_device_count());
  return backends.of(index);
}

void cuda_shrink_caches(std::size_t keep) {
  for (int i = 0; i < cuda_device_count(); ++i) {
    cuda::Context* context = cuda::Context::if_used(i);
    if (context == nullptr || !context->is_of_this_process()) continue;
    context->use();
    context->wait("empty_cache");
    context->memory().shrink(keep);
  }
}

MemoryUse cuda_memory_use(int index) {
  cuda::Context* context = cuda::Context::if_used(index);
  return context == nullptr ? MemoryUse{} : context->memory().use();
}

}  // namespace plastic
