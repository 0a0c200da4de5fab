// The loops of the library's own rules, which are compiled at each level: those in the optimizers'
// files are compiled once, for any processor.
#include <array>
#include <tuple>

#include "optim/cpu_kernels.h"
#include "optim/elementwise/shipped_rules.h"

namespace plastic::optim {
namespace {

template <class... Rule>
constexpr std::array<RuleLoop, sizeof...(Rule)> loops_of(const std::tuple<Rule...>*) {
  return {rule_loop<Rule>...};
}

constexpr auto loops = loops_of(static_cast<const ShippedRules*>(nullptr));

}  // namespace

const RuleLoop* PLASTIC_AT_LEVEL(shipped_loops)() { return loops.data(); }

}  // namespace plastic::optim
