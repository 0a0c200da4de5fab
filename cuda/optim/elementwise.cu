// Elementwise rules on the CUDA device: one launch per step, whatever the number of tensors. Bytes
// of memory traffic per parameter, which bound the time: θ read and written, g read, each state
// value read and written: 12 without state, 20 with one value, 28 with two.
#include <map>
#include <mutex>

#include "cuda/optim/optim_chunks.h"
#include "cuda/optim/optim_kernels.h"
#include "optim/elementwise/shipped_rules.h"
#include "plastic/optim/cuda_rule.h"

namespace plastic::cuda {
namespace {

using optim::RuleStep;
using optim::RuleType;

struct KnownRule {
  const char* name;
  RuleKernel kernel;
};

/// The rules that have a kernel, by key.
class KnownRules {
 public:
  KnownRules() { add_shipped(static_cast<optim::ShippedRules*>(nullptr)); }

  void add(const RuleType& type, const char* name, RuleKernel kernel) {
    const std::lock_guard lock(mutex_);
    const auto [place, is_new] = rules_.try_emplace(type.key, KnownRule{name, kernel});
    if (!is_new) {
      fail("cuda", "the rule ", name, " has a kernel already, called ", place->second.name,
           "; make one CudaRule for each rule");
    }
  }

  /// Null where there is none.
  const KnownRule* find(const RuleType& type) {
    const std::lock_guard lock(mutex_);
    const auto found = rules_.find(type.key);
    return found == rules_.end() ? nullptr : &found->second;
  }

 private:
  template <class... Rules>
  void add_shipped(std::tuple<Rules...>*) {
    (rules_.emplace(&optim::rule_key<Rules>, KnownRule{"elementwise", rule_kernel<Rules>}), ...);
  }

  std::mutex mutex_;
  std::map<const void*, KnownRule> rules_;
};

KnownRules& known_rules() {
  static auto& rules = *new KnownRules;
  return rules;
}

class CudaRuleStepper : public optim::RuleStepper {
 public:
  CudaRuleStepper(Context& context, const KnownRule& rule)
      : context_(context), rule_(rule), table_(context), head_(context) {}

  void prepare(const RuleStep& step) override {
    context_.use();
    RuleHead head{.table = table_.send(step.tensors), .gradients = step.gradients};
    Upload& rules = grown(context_, rules_, step.rules.size());
    if (!step.rules.empty()) rules.send(step.rules.data(), step.rules.size());
    head.rules = rules.device();
    std::copy(std::begin(step.state), std::end(step.state), head.state);
    head_.send(head);
  }

  void run() override {
    context_.use();
    launch(context_, rule_.name, rule_.kernel,
           grid_for_chunks(context_, head_.host().table.chunk_count), head_.device());
  }

 private:
  Context& context_;
  const KnownRule& rule_;
  TableUpload<optim::StepTensor> table_;
  std::unique_ptr<Upload> rules_;
  HeadUpload<RuleHead> head_;
};

}  // namespace

std::unique_ptr<optim::RuleStepper> make_elementwise(Context& context, const RuleType& type) {
  const KnownRule* const rule = known_rules().find(type);
  if (rule == nullptr) return nullptr;
  return std::make_unique<CudaRuleStepper>(context, *rule);
}

}  // namespace plastic::cuda

void plastic::optim::add_cuda_rule(const RuleType& type, const char* name,
                                   cuda::RuleKernel kernel) {
  cuda::known_rules().add(type, name, kernel);
}
