#include "cuda/optim/optim_kernels.h"

#include "cuda/runtime/cuda_backend.h"
#include "cuda/runtime/per_device.h"
#include "optim/neuroplastic/step.h"

namespace plastic::cuda {
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

optim::Kernels& CudaBackend::optimizer_kernels() {
  static auto& kernels = *new PerDevice<CudaKernels>(devices().count);
  return kernels.of(context_.index());
}

}  // namespace plastic::cuda
