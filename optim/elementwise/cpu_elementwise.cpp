// Elementwise rules on the CPU.
#include <algorithm>

#include "optim/cpu_chunks.h"
#include "optim/cpu_kernels.h"

namespace plastic::optim {
namespace {

class CpuRuleStepper : public RuleStepper {
 public:
  explicit CpuRuleStepper(const RuleType& type) : type_(type) {}

  void prepare(const RuleStep& step) override {
    tensors_.assign(step.tensors.begin(), step.tensors.end());
    rules_.assign(step.rules.begin(), step.rules.end());
    step_ = step;
  }

  void run() override {
    const std::span<const StepTensor> tensors = tensors_;
    for_chunks(chunks_of(tensors), [&](const Chunk& chunk, std::size_t) {
      RulePiece piece{.count = chunk.end - chunk.begin,
                      .theta = parameters_of(tensors, chunk),
                      .gradient = step_.gradients + chunk.begin};
      for (int i = 0; i < type_.states; ++i) piece.state[i] = step_.state[i] + chunk.begin;
      type_.run(rules_.data() + chunk.tensor * type_.size, piece);
    });
  }

 private:
  RuleType type_;
  std::vector<StepTensor> tensors_;
  std::vector<std::byte> rules_;
  /// Its spans are not used: the vectors are what they were.
  RuleStep step_;
};

}  // namespace

std::unique_ptr<RuleStepper> cpu_elementwise(const RuleType& type) {
  return std::make_unique<CpuRuleStepper>(type);
}

}  // namespace plastic::optim
