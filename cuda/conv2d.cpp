#include "cuda/conv2d.h"

#include "core/backend.h"
#include "cuda/conv_cudnn.h"
#include "cuda/conv_direct.h"
#include "cuda/kernels.h"
#include "cuda/libraries.h"

namespace plastic::cuda {
namespace {

/// cuDNN takes what it only reads as memory that it might write.
void* writable(const void* data) { return const_cast<void*>(data); }

}  // namespace

class Convolutions::State {
 public:
  explicit State(Context& context) : context_(context) {}

  Context& context() { return context_; }

  /// False when the direct kernels have to do it.
  bool run_cudnn(ConvPass pass, const Conv2dShape& shape, void* x, void* weight, void* y) {
    if (shape.dtype == DType::f64 || !cudnn_reason().empty()) return false;
    if (!cudnn_) cudnn_ = std::make_unique<CudnnConvolutions>(context_);
    return cudnn_->run(pass, shape, x, weight, y);
  }

 private:
  Context& context_;
  std::unique_ptr<CudnnConvolutions> cudnn_;
};

Convolutions::Convolutions(Context& context) : state_(std::make_unique<State>(context)) {}
Convolutions::~Convolutions() = default;

void Convolutions::forward(const Conv2dShape& shape, const void* x, const void* weight,
                           const void* bias, bool relu, void* y) {
  if (!state_->run_cudnn(ConvPass::forward, shape, writable(x), writable(weight), y)) {
    conv_direct(state_->context(), shape, x, weight, y);
  }
  if (bias == nullptr && !relu) return;
  // A row of channels for each pixel.
  finish_gemm(state_->context(),
              {.dtype = shape.dtype,
               .m = shape.batch * shape.out_height * shape.out_width,
               .n = shape.out_channels,
               .c = y,
               .ldc = shape.out_channels,
               .bias = bias,
               .relu = relu},
              /*with_bias_and_relu=*/true);
}

void Convolutions::input_grad(const Conv2dShape& shape, const void* grad_y, const void* weight,
                              void* grad_x) {
  if (!state_->run_cudnn(ConvPass::input_grad, shape, grad_x, writable(weight), writable(grad_y))) {
    conv_direct_input_grad(state_->context(), shape, grad_y, weight, grad_x);
  }
}

void Convolutions::weight_grad(const Conv2dShape& shape, const void* x, const void* grad_y,
                               void* grad_weight) {
  if (!state_->run_cudnn(ConvPass::weight_grad, shape, writable(x), grad_weight,
                         writable(grad_y))) {
    conv_direct_weight_grad(state_->context(), shape, x, grad_y, grad_weight);
  }
}

}  // namespace plastic::cuda
