#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "plastic/core/host_device.h"
#include "plastic/optim/optimizer.h"

#pragma GCC visibility push(default)

namespace plastic::optim {

/// Maximum number of state values that a rule may keep per element.
constexpr int max_rule_states = 4;

/// Where a step finds a parameter: its part of every flat block, its elements, its memory, its
/// gradient.
struct StepTensor {
  /// Its first element, counted from the start of each flat block.
  std::int64_t offset = 0;
  /// How many elements it has.
  std::int64_t numel = 0;
  /// The first of them.
  float* parameter = nullptr;
  /// The first of its gradient, where that is not in the flat block; on the CPU alone.
  const float* gradient = nullptr;
};

/// A piece of one parameter, contiguous: parameters, gradients and each state of `count` elements.
struct RulePiece {
  /// Elements.
  std::int64_t count = 0;
  /// Parameters, which the rule writes.
  float* theta = nullptr;
  /// Their gradients.
  const float* gradient = nullptr;
  /// Each state value; null beyond the rule's.
  float* state[max_rule_states] = {};
};

/// What the drivers, which are common to all rules, need to know about one; see rule_type().
struct RuleType {
  /// An address that tells rules apart.
  const void* key = nullptr;
  /// Bytes of a rule.
  std::size_t size = 0;
  /// State values per element, at most max_rule_states.
  int states = 0;
  /// Applies the rule at the address `rule` to a piece.
  void (*run)(const void* rule, const RulePiece& piece) = nullptr;
};

/// What RuleType::key points to.
template <class Rule>
inline constexpr char rule_key = 0;

/// Applies a rule to `count` elements; `state` has an array for each state value.
template <class Rule, class... State>
void run_rule(const Rule rule, std::int64_t count, float* __restrict theta,
              const float* __restrict gradient, State* __restrict... state) {
  for (std::int64_t i = 0; i < count; ++i) rule(theta[i], gradient[i], state[i]...);
}

/// The same for a piece, k being 0, 1, ... below the number of state values.
template <class Rule, std::size_t... k>
void run_rule_on(const RulePiece& piece, const Rule& rule, std::index_sequence<k...>) {
  run_rule(rule, piece.count, piece.theta, piece.gradient, piece.state[k]...);
}

/// RuleType::run of a rule.
template <class Rule>
void rule_loop(const void* rule, const RulePiece& piece) {
  run_rule_on(piece, *static_cast<const Rule*>(rule),
              std::make_index_sequence<std::size_t{Rule::states}>());
}

/// A rule is a struct of the constants that all elements of a parameter share at one step, with the
/// number of its state values and the function that updates one element:
///
///     struct LionRule {
///       static constexpr int states = 1;
///       float lr = 0, beta1 = 0, beta2 = 0;
///
///       PLASTIC_HOST_DEVICE void operator()(float& theta, float g, float& exp_avg) const {
///         const float c = beta1 * exp_avg + (1 - beta1) * g;
///         theta -= lr * (c > 0 ? 1.0f : c < 0 ? -1.0f : c);
///         exp_avg = beta2 * exp_avg + (1 - beta2) * g;
///       }
///     };
///
/// It is copied as bytes, also to devices. The loop over elements is compiled where this is called:
/// it is vectorised with -O3, or with -O2 from g++ 12 on, for the program's own -march.
template <class Rule>
RuleType rule_type() {
  static_assert(std::is_trivially_copyable_v<Rule>, "a rule is copied as bytes");
  static_assert(Rule::states >= 0 && Rule::states <= max_rule_states);
  return {
      .key = &rule_key<Rule>, .size = sizeof(Rule), .states = Rule::states, .run = rule_loop<Rule>};
}

class RuleStepper;

/// An optimizer whose type of rule is chosen at construction. Most optimizers derive from
/// Elementwise.
class ElementwiseOptimizer : public Optimizer {
 public:
  ~ElementwiseOptimizer() override;
  bool is_capturable() const override { return true; }

 protected:
  /// `states` names the rule's state values, in the order of its function's arguments, as they
  /// appear in state_dict(). Throws Error when their number differs from the rule's, and for a
  /// device that has no kernel for this rule (plastic/optim/cuda_rule.h).
  ElementwiseOptimizer(std::string name, const std::vector<std::vector<Tensor>>& groups,
                       const std::vector<double>& lrs, const RuleType& type,
                       const std::vector<std::string>& states);

 private:
  /// Constructs the rule of a parameter's next step at `rule`, memory of the type's size. Parameter
  /// and gradient of `at` are undefined: a rule sees elements only.
  virtual void make_rule(const ParameterStep& at, void* rule) const = 0;

  void prepare() final;
  void run() final;

  RuleType type_;
  std::vector<Tensor> blocks_;
  std::vector<std::byte> rules_;
  std::unique_ptr<RuleStepper> stepper_;
};

/// An optimizer with one rule, complete but for its options:
///
///     class Lion : public plastic::optim::Elementwise<LionRule> {
///      public:
///       Lion(const std::vector<Tensor>& parameters, double lr)
///           : Elementwise("lion", {parameters}, {lr}, {"exp_avg"}) {}
///
///      private:
///       LionRule rule(const ParameterStep& at) const override {
///         return {.lr = static_cast<float>(at.lr), .beta1 = 0.9f, .beta2 = 0.99f};
///       }
///     };
template <class Rule>
class Elementwise : public ElementwiseOptimizer {
 protected:
  /// See ElementwiseOptimizer.
  Elementwise(std::string name, const std::vector<std::vector<Tensor>>& groups,
              const std::vector<double>& lrs, const std::vector<std::string>& states)
      : ElementwiseOptimizer(std::move(name), groups, lrs, rule_type<Rule>(), states) {}

 private:
  /// The rule of a parameter's next step. `at` has no tensors; parameter(at.index) tells the shape.
  virtual Rule rule(const ParameterStep& at) const = 0;
  void make_rule(const ParameterStep& at, void* out) const final { new (out) Rule(rule(at)); }
};

}  // namespace plastic::optim

#pragma GCC visibility pop
