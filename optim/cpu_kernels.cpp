#include "optim/cpu_kernels.h"

#include <cstddef>
#include <new>

#include "optim/neuroplastic/step.h"

namespace plastic::optim {
namespace {

class CpuKernels : public Kernels {
 public:
  std::unique_ptr<RuleStepper> elementwise(const RuleType& type) override {
    return cpu_elementwise(type);
  }
  std::unique_ptr<NeuroPlasticStepper> neuroplastic() override { return cpu_neuroplastic(); }
};

}  // namespace

Kernels& cpu_kernels() {
  // Never destroyed: optimizers of static storage outlive what is made after them.
  alignas(CpuKernels) static std::byte place[sizeof(CpuKernels)];
  static auto& kernels = *new (place) CpuKernels;
  return kernels;
}

namespace {

// Made before main(): a fork while another thread made it would leave the child waiting for it.
[[maybe_unused]] const Kernels& made_early = cpu_kernels();

}  // namespace

}  // namespace plastic::optim
