#include <iostream>
#include <memory>
#include <set>
#include <sstream>
#include <string>

#include "core/device/backend.h"
#include "cuda/conv/conv_cudnn.h"
#include "cuda/conv/conv_direct.h"
#include "cuda/gemm/finish_gemm.h"
#include "cuda/runtime/cuda_backend.h"
#include "cuda/runtime/libraries.h"
#include "cuda/runtime/library_use.h"

namespace plastic::cuda {
namespace {

/// cuDNN takes what it only reads as memory that it might write.
void* writable(const void* data) { return const_cast<void*>(data); }

std::string text_of(ConvPass pass, const Conv2dShape& s) {
  std::ostringstream text;
  text << (pass == ConvPass::forward      ? "the convolution"
           : pass == ConvPass::input_grad ? "the input's gradient of the convolution"
                                          : "the weight's gradient of the convolution")
       << " of (" << s.batch << ", " << s.in_channels << ", " << s.in_height << ", " << s.in_width
       << ") with (" << s.out_channels << ", " << s.in_channels / s.groups << ", "
       << s.kernel_height << ", " << s.kernel_width << ") in " << name_of(s.dtype);
  return text.str();
}

}  // namespace

/// Convolutions on cuDNN, tuned once per shape and precision, or on our own direct kernels where
/// cuDNN is missing or has no plan (f64, some groups and dilations).
class Convolutions {
 public:
  explicit Convolutions(Context& context) : context_(context) {}

  /// False when the direct kernels have to do it.
  bool run_cudnn(ConvPass pass, const Conv2dShape& shape, void* x, void* weight, void* y) {
    const bool is_done = try_cudnn(pass, shape, x, weight, y);
    count_convolution(!is_done);
    return is_done;
  }

 private:
  bool try_cudnn(ConvPass pass, const Conv2dShape& shape, void* x, void* weight, void* y) {
    // Doubles are for checks, in which speed does not matter.
    if (shape.dtype == DType::f64) return false;
    if (!cudnn_reason().empty()) {
      say("cuDNN is not used, and convolutions run on direct kernels, which are far slower: " +
          cudnn_reason());
      return false;
    }
    if (!cudnn_) cudnn_ = std::make_unique<CudnnConvolutions>(context_);
    if (cudnn_->run(pass, shape, x, weight, y)) return true;
    say("cuDNN has nothing for " + text_of(pass, shape) +
        ": it runs on direct kernels, which are far slower");
    return false;
  }

  /// To the standard error, the first time.
  void say(const std::string& text) {
    if (said_.insert(text).second) std::cerr << "plastic: [conv2d] " + text + "\n";
  }

  Context& context_;
  std::unique_ptr<CudnnConvolutions> cudnn_;
  std::set<std::string> said_;
};

Convolutions& CudaBackend::convolutions() {
  if (!convolutions_) convolutions_ = std::make_shared<Convolutions>(context_);
  return *convolutions_;
}

void CudaBackend::conv2d(const Conv2dShape& shape, const void* x, const void* weight,
                         const void* bias, bool relu, void* y) {
  Context& context = use();
  if (!convolutions().run_cudnn(ConvPass::forward, shape, writable(x), writable(weight), y)) {
    conv_direct(context, shape, x, weight, y);
  }
  if (bias == nullptr && !relu) return;
  // A row of channels for each pixel.
  finish_gemm(context,
              {.dtype = shape.dtype,
               .m = shape.batch * shape.out_height * shape.out_width,
               .n = shape.out_channels,
               .c = y,
               .ldc = shape.out_channels,
               .bias = bias,
               .relu = relu},
              /*with_bias_and_relu=*/true);
}

void CudaBackend::conv2d_input_grad(const Conv2dShape& shape, const void* grad_y,
                                    const void* weight, void* grad_x) {
  Context& context = use();
  if (!convolutions().run_cudnn(ConvPass::input_grad, shape, grad_x, writable(weight),
                                writable(grad_y))) {
    conv_direct_input_grad(context, shape, grad_y, weight, grad_x);
  }
}

void CudaBackend::conv2d_weight_grad(const Conv2dShape& shape, const void* x, const void* grad_y,
                                     void* grad_weight) {
  Context& context = use();
  if (!convolutions().run_cudnn(ConvPass::weight_grad, shape, writable(x), grad_weight,
                                writable(grad_y))) {
    conv_direct_weight_grad(context, shape, x, grad_y, grad_weight);
  }
}

}  // namespace plastic::cuda
