#include "cuda/optim/optim_kernels.h"

#include "cuda/runtime/per_device.h"

namespace plastic {
namespace cuda {
namespace {

class CudaKernels : public optim::Kernels {
 public:
  explicit CudaKernels(int index) : context_(Context::of(index)) {}

  std::unique_ptr<optim::Stepper<optim::SgdStep>> sgd() override { return make_sgd(here()); }
  std::unique_ptr<optim::Stepper<optim::AdamStep>> adam() override { return make_adam(here()); }
  std::unique_ptr<optim::NeuroPlasticStepper> neuroplastic() override {
    return make_neuroplastic(here());
  }

 private:
  Context& here() {
    context_.use();
    return context_;
  }

  Context& context_;
};

}  // namespace
}  // namespace cuda

optim::Kernels* optim::cuda_kernels(int index) {
  static auto& kernels = *new cuda::PerDevice<cuda::CudaKernels>(cuda::devices().count);
  return &kernels.of(index);
}

}  // namespace plastic
