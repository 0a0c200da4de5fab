// Elementwise rules on the CPU.
#include <algorithm>

#include "optim/cpu_kernels.h"
#include "optim/cpu_prefetch.h"
#include "optim/cpu_shares.h"
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
    for_shares_backwards(tensors, [&](const Chunk& chunk) {
      RulePiece whole{.count = chunk.end - chunk.begin,
                      .theta = parameters_of(tensors, chunk),
                      .gradient = gradients_of(tensors, chunk, step_->gradients)};
      for (int k = 0; k < type_.states; ++k) whole.state[k] = step_->state[k] + chunk.begin;
      for_pieces_ahead(
          whole.count, Order::backwards, [&](std::int64_t at) { ask(whole, at); },
          [&](std::int64_t first, std::int64_t count) {
            RulePiece piece{
                .count = count, .theta = whole.theta + first, .gradient = whole.gradient + first};
            for (int k = 0; k < type_.states; ++k) piece.state[k] = whole.state[k] + first;
            type_.run(rules_.data() + chunk.tensor * type_.size, piece);
          });
    });
  }

 private:
  void ask(const RulePiece& piece, std::int64_t at) const {
    prefetch(at, piece.theta, piece.gradient);
    for (int k = 0; k < type_.states; ++k) prefetch(at, piece.state[k]);
  }

  RuleType type_;
  KeptStep<RuleStep> step_;
  std::vector<std::byte> rules_;
};

}  // namespace

std::unique_ptr<RuleStepper> cpu_elementwise(const RuleType& type) {
  return std::make_unique<CpuRuleStepper>(type);
}

}  // namespace plastic::optim
