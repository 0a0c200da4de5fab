#include "cuda/optim_kernels.h"

#include <vector>

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
  // Never destroyed, like the contexts.
  static auto& kernels = *new std::vector<std::unique_ptr<cuda::CudaKernels>>(
      static_cast<std::size_t>(cuda::devices().count));
  auto& found = kernels[static_cast<std::size_t>(index)];
  if (!found) found = std::make_unique<cuda::CudaKernels>(index);
  return found.get();
}

}  // namespace plastic
