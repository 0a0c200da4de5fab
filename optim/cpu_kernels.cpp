#include "optim/cpu_kernels.h"

#include <array>
#include <cstddef>
#include <tuple>

#include "optim/elementwise/shipped_rules.h"
#include "optim/neuroplastic/step.h"

namespace plastic::optim {
namespace {

template <class... Rule>
constexpr std::array<const void*, sizeof...(Rule)> keys_of(const std::tuple<Rule...>*) {
  return {&rule_key<Rule>...};
}

constexpr auto shipped_keys = keys_of(static_cast<const ShippedRules*>(nullptr));

class CpuKernels : public Kernels {
 public:
  std::unique_ptr<RuleStepper> elementwise(const RuleType& type) override {
    RuleType at_level = type;
    for (std::size_t i = 0; i < shipped_keys.size(); ++i) {
      if (shipped_keys[i] == type.key) at_level.run = loops_[i];
    }
    return cpu_elementwise(at_level);
  }
  std::unique_ptr<NeuroPlasticStepper> neuroplastic() override { return neuroplastic_(); }

 private:
  const RuleLoop* loops_ = cpu::at_level(PLASTIC_LEVELS_OF(shipped_loops))();
  std::unique_ptr<NeuroPlasticStepper> (*neuroplastic_)() =
      cpu::at_level(PLASTIC_LEVELS_OF(neuroplastic));
};

}  // namespace

Kernels& cpu_kernels() {
  // Never destroyed: optimizers of static storage outlive what is made after them.
  static auto& kernels = *new CpuKernels;
  return kernels;
}

namespace {

[[maybe_unused]] const bool made_early = cpu::make_early([] { cpu_kernels(); });

}  // namespace
}  // namespace plastic::optim
