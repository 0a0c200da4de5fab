#include "cuda/optim/optim_kernels.h"

#include "cuda/runtime/per_device.h"
#include "optim/neuroplastic/step.h"

namespace plastic {
namespace cuda {
namespace {

class CudaKernels : public optim::Kernels {
 public:
  explicit CudaKernels(int index) : context_(Context::of(index)) {}

  std::unique_ptr<optim::RuleStepper> elementwise(const optim::RuleType& type) override {
    return make_elementwise(here(), type);
  }
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
