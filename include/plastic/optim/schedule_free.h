#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "plastic/optim/elementwise.h"

#pragma GCC visibility push(default)

namespace plastic::optim {

/// @file
/// Schedule-free learning: Defazio et al., "The Road Less Scheduled", arXiv 2405.15682, as in the
/// authors' package schedulefree. A constant rate, after a warm-up, does what a schedule does
/// otherwise, for the weights to evaluate are an average.
///
/// Three points: z takes the steps, x is their average, and y between them is where gradients are
/// computed. With the step u along a gradient at y (for SGD the gradient, for AdamW
/// g / (√(v/(1 - β₂ᵏ)) + eps), v ← β₂·v + (1 - β₂)·g²), plus weight_decay·y,
///   z ← z - lrₖ·u, x ← (1 - c)·x + c·z, y = (1 - β)·z + β·x,
/// β being `momentum`, or beta1 for AdamW, and c = w / Σw with w = kʳ·(largest lr so far)^p. In the
/// first warmup_steps steps lrₖ = lr·k/warmup_steps. k, Σw and the largest lr are the group's and
/// count every step().
///
/// The parameters hold y in training mode and x in evaluation mode (Optimizer::train() and eval(),
/// which must be called before an evaluation and after it):
///
///     optim::ScheduleFreeAdamW optimizer(model->parameters(), {.lr = 0.0025});
///     for (...) {
///       optimizer.train();
///       ...                       // zero_grad(), backward(), step() as with any optimizer
///       optimizer.eval();
///       ...                       // evaluate; save the model, and the optimizer's state
///     }
///
/// The running statistics of batch normalisations are those of y: recompute them in evaluation
/// mode, with nn::update_batch_norm() and some training batches (the authors use 50).
///
/// Differences from the authors' package: an optimizer starts in training mode; and eval() keeps y,
/// a further value per element, so that train() gives back its bits, where the authors compute y
/// from x and z with rounding. How often a run is evaluated therefore does not affect it.

/// The options of schedule-free SGD; the file's description has the formulas.
struct ScheduleFreeSgdOptions {
  /// Learning rate after the warm-up, 0 or more.
  double lr = 1.0;
  /// β, above 0 and below 1.
  double momentum = 0.9;
  /// Coupled, at y; 0 or more.
  double weight_decay = 0;
  /// Steps over which the rate rises, 0 or more.
  std::int64_t warmup_steps = 0;
  /// Power of k in the weights of the average.
  double r = 0;
  /// Power p of the largest learning rate in them.
  double weight_lr_power = 2;
};

/// Parameters with options of their own.
using ScheduleFreeSgdGroup = ParameterGroup<ScheduleFreeSgdOptions>;

/// The options of schedule-free AdamW; the file's description has the formulas.
struct ScheduleFreeAdamWOptions {
  /// Learning rate after the warm-up, 0 or more.
  double lr = 0.0025;
  /// β, above 0 and below 1.
  double beta1 = 0.9;
  /// Decay of v, in [0, 1).
  double beta2 = 0.999;
  /// Added outside the square root; above 0.
  double eps = 1e-8;
  /// Added to u as weight_decay·y; 0 or more.
  double weight_decay = 0;
  /// Steps over which the rate rises, 0 or more.
  std::int64_t warmup_steps = 0;
  /// As in ScheduleFreeSgdOptions.
  double r = 0;
  /// As in ScheduleFreeSgdOptions.
  double weight_lr_power = 2;
};

/// Parameters with options of their own.
using ScheduleFreeAdamWGroup = ParameterGroup<ScheduleFreeAdamWOptions>;

/// What all elements of a group share at one step. y and z are updated without x:
/// y ← y + c·(z - y) - lr·(1 - β·(1 - c))·u.
struct ScheduleFreeStep {
  /// lrₖ.
  float lr = 0;
  /// c.
  float average_share = 0;
  /// lr·(1 - β·(1 - c)).
  float step_size = 0;
  /// Factor of y in u.
  float weight_decay = 0;
  /// z starts where the parameter is at its first step.
  bool is_first = false;

  /// Moves y and z along u.
  PLASTIC_HOST_DEVICE void move(float& y, float u, float& z) const {
    const float from = is_first ? y : z;
    u += weight_decay == 0 ? 0 : weight_decay * y;
    y += average_share * (from - y) - step_size * u;
    z = from - lr * u;
  }
};

/// The constants of a step of schedule-free SGD.
struct ScheduleFreeSgdRule {
  /// z.
  static constexpr int states = 1;
  /// What both rules share.
  ScheduleFreeStep step;

  /// One element's step; `theta` is y.
  PLASTIC_HOST_DEVICE void operator()(float& theta, float g, float& z) const {
    step.move(theta, g, z);
  }
};

/// The constants of a step of schedule-free AdamW.
struct ScheduleFreeAdamWRule {
  /// z and exp_avg_sq (v).
  static constexpr int states = 2;
  /// What both rules share.
  ScheduleFreeStep step;
  /// β₂.
  float beta2 = 0;
  /// 1 - β₂, computed in double.
  float one_minus_beta2 = 0;
  /// 1 / √(1 - β₂ᵏ).
  float root_correction = 1;
  /// Added to the root of v.
  float eps = 0;

  /// One element's step; `theta` is y.
  PLASTIC_HOST_DEVICE void operator()(float& theta, float g, float& z, float& exp_avg_sq) const {
    exp_avg_sq = beta2 * exp_avg_sq + one_minus_beta2 * g * g;
    step.move(theta, g / (square_root(exp_avg_sq) * root_correction + eps), z);
  }
};

/// What the two have in common. State of a parameter: z and y, the latter as of the last eval();
/// of a group, "group.<g>.k", "group.<g>.weight_sum" and "group.<g>.lr_max"; "evaluating", 1 in
/// evaluation mode.
class ScheduleFree : public ElementwiseOptimizer {
 public:
  void train() override;
  void eval() override;
  bool is_evaluating() const override;

 protected:
  /// The options of a group that decide averages.
  struct Averaging {
    /// β.
    double beta = 0;
    /// Steps over which the rate rises.
    std::int64_t warmup_steps = 0;
    /// Power of k in w.
    double r = 0;
    /// Power p of the largest learning rate in w.
    double weight_lr_power = 0;
  };

  /// As ElementwiseOptimizer; `averaging` has an element for each group.
  ScheduleFree(std::string name, const std::vector<std::vector<Tensor>>& groups,
               const std::vector<double>& lrs, const RuleType& type,
               const std::vector<std::string>& states, std::vector<Averaging> averaging);

  /// For the step that advance() prepares.
  ScheduleFreeStep step_of(const ParameterStep& at, double weight_decay) const;
  /// The steps of the group, this one included.
  std::int64_t count_of(std::size_t group) const;

 private:
  struct GroupNumbers {
    Tensor k, weight_sum, lr_max;
  };

  void begin_step() override;

  std::vector<Averaging> averaging_;
  std::vector<GroupNumbers> numbers_;
  Tensor evaluating_;
  /// c of each group at the step that is prepared, and its rate.
  std::vector<double> shares_, rates_;
};

/// Schedule-free SGD.
class ScheduleFreeSgd : public ScheduleFree {
 public:
  /// Throws Error for options out of range and for parameters that Optimizer refuses.
  explicit ScheduleFreeSgd(const std::vector<Tensor>& parameters,
                           const ScheduleFreeSgdOptions& options = {});
  /// The same for several groups.
  explicit ScheduleFreeSgd(const std::vector<ScheduleFreeSgdGroup>& groups);

 private:
  void make_rule(const ParameterStep& at, void* rule) const override;

  std::vector<ScheduleFreeSgdOptions> options_;
};

/// Schedule-free AdamW.
class ScheduleFreeAdamW : public ScheduleFree {
 public:
  /// Throws Error for options out of range and for parameters that Optimizer refuses.
  explicit ScheduleFreeAdamW(const std::vector<Tensor>& parameters,
                             const ScheduleFreeAdamWOptions& options = {});
  /// The same for several groups.
  explicit ScheduleFreeAdamW(const std::vector<ScheduleFreeAdamWGroup>& groups);

 private:
  void make_rule(const ParameterStep& at, void* rule) const override;

  std::vector<ScheduleFreeAdamWOptions> options_;
};

}  // namespace plastic::optim

#pragma GCC visibility pop
