// Elementwise rules on the CPU.
#include <algorithm>

#include "optim/cpu_chunks.h"
#include "optim/cpu_kernels.h"
#include "optim/kept_step.h"

namespace plastic::optim {
namespace {

class CpuRuleStepper : public RuleStepper {
 public:
  explicit CpuRuleStepper(const RuleType& type) : type_(type) {}

  void prepare(const RuleStep& step) override {
    step_.keep(step);
    rules_.assign(step.rules.begin(), step.rules.end());
  }

  void run() override {
    const std::span<const StepTensor> tensors = step_->tensors;
    for_chunks(chunks_of(tensors), [&](const Chunk& chunk, std::size_t) {
      RulePiece piece{.count = chunk.end - chunk.begin,
                      .theta = parameters_of(tensors, chunk),
                      .gradient = step_->gradients + chunk.begin};
      for (int i = 0; i < type_.states; ++i) piece.state[i] = step_->state[i] + chunk.begin;
      type_.run(rules_.data() + chunk.tensor * type_.size, piece);
    });
  }

 private:
  RuleType type_;
  KeptStep<RuleStep> step_;
  std::vector<std::byte> rules_;
};

}  // namespace

std::unique_ptr<RuleStepper> cpu_elementwise(const RuleType& type) {
  return std::make_unique<CpuRuleStepper>(type);
}

}  // namespace plastic::optim
