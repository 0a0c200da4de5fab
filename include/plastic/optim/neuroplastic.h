#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plastic/optim/optimizer.h"

#pragma GCC visibility push(default)

namespace plastic::optim {

class NeuroPlasticStepper;
namespace neuroplastic {
struct RuleTensor;
}

/// What α is.
enum class NeuroPlasticMode {
  /// The full rule, α = α₀ + γ·s·(α₁ - α₀).
  rule_based,
  /// α₀, which depends on the gradient alone.
  ablation_grad_only,
};
/// The length of the part of (α - α₀)⊙g that is orthogonal to g, before orthogonal_lambda.
enum class OrthogonalNormalization {
  /// Its own.
  raw,
  /// That of g.
  match_grad_norm,
};
/// A factor of orthogonal_lambda, with progress = epoch / total_epochs.
enum class OrthogonalSchedule {
  /// 1
  constant,
  /// 0 up to the start fraction f, then (progress - f) / (1 - f).
  late,
  /// (1 - cos(π·progress)) / 2
  cosine,
};
/// The step that a hybrid modulates.
enum class HybridBase {
  /// None: the step is NeuroPlastic's own.
  classic,
  /// AdamW's, with base_momentum, base_beta2 and base_eps.
  adamw,
  /// That of SGD with momentum, with base_momentum.
  sgd_momentum,
};
/// X of a hybrid's r = gate·(α - 1)⊙X, b being the base's step.
enum class ModulationTarget {
  /// b
  gain,
  /// The base's momentum.
  momentum,
  /// b times how far ‖θ‖ / ‖b‖, clamped to [0.5, 1.5], is from 1.
  trust_ratio,
};
/// The parameters that a hybrid modulates, by their order.
enum class LayerScope {
  /// All of them.
  all,
  /// Tensors of rank 4.
  conv_only,
  /// The last two.
  classifier_only,
  /// The first half of those before the last two; of an odd number, the middle one is in both.
  early_blocks,
  /// The second half of those.
  late_blocks,
};
/// The part of training in which a hybrid modulates, with progress = epoch / total_epochs.
enum class PhaseScope {
  /// All of it.
  full,
  /// Progress up to 0.3.
  early,
  /// Between the two others.
  middle,
  /// Progress from 0.7.
  late,
};
/// Whose log(α / α₀) is averaged into a multiplier of lr.
enum class LrControllerMode {
  /// Nobody's: lr is what it is.
  off,
  /// That of all tensors.
  global,
  /// That of each of three groups separately: the classifier, the early and the late half.
  layerwise,
  /// That of the classifier, for the classifier alone.
  classifier_only,
};

/// The options of NeuroPlastic under the names and with the defaults of the reference
/// implementation of arXiv 2604.26297. Notation of docs/design.md, "NeuroPlastic". Where several
/// variants are requested, a hybrid takes precedence over orthogonal, and orthogonal over bounded.
struct NeuroPlasticOptions {
  /// Learning rate, 0 or more.
  double lr = 1e-3;
  /// λ. Coupled: u ← u + λ·θ, never seen by the signals.
  double weight_decay = 0;
  /// Decoupled instead: θ ← θ·(1 - lr·λ) before the step. Hybrid adamw always decays this way,
  /// hybrid sgd_momentum never.
  bool decoupled_weight_decay = false;
  /// Computes NeuroPlasticDiagnostics at every step.
  bool diagnostics = false;

  /// The full rule, or its ablation.
  NeuroPlasticMode mode = NeuroPlasticMode::rule_based;
  /// w_a of α₁ = clip(w_a·â + w_g·ĝ + w_m·m̂), 0 or more like the others.
  double activity_weight = 0.4;
  /// w_g.
  double gradient_weight = 0.4;
  /// w_m.
  double memory_weight = 0.2;
  /// The smallest value that α₀ and α₁ are clipped to, 0 or more.
  double min_alpha = 0.2;
  /// The largest, at least min_alpha.
  double max_alpha = 2.0;
  /// s of α = α₀ + γ·s·(α₁ - α₀). α is not clipped again.
  double plasticity_scale = 1.0;
  /// γ = clamp((epoch - 1) / warmup_epochs, 0, 1), or 1 when warmup_epochs is 0.
  int warmup_epochs = 0;
  /// False: the combined signal is averaged over a tensor before the clip.
  bool parameterwise = true;
  /// ε of every mean, norm and square root of the rule.
  double eps = 1e-8;

  /// u = g + r with r = (α - 1)⊙g no longer than residual_max_ratio·‖g‖.
  bool bounded_residual = false;
  /// The limit of ‖r‖ in bounded_residual, as a share of ‖g‖.
  double residual_max_ratio = 0.5;

  /// u = g + r, r being orthogonal_lambda·schedule times the part of (α - α₀)⊙g that is orthogonal
  /// to g, no longer than orthogonal_max_ratio·‖g‖.
  bool orthogonal_residual = false;
  /// Weight of the orthogonal part.
  double orthogonal_lambda = 0.1;
  /// The limit of ‖r‖ in orthogonal_residual, as a share of ‖g‖.
  double orthogonal_max_ratio = 0.5;
  /// match_grad_norm gives that part the norm of g first.
  OrthogonalNormalization orthogonal_normalization = OrthogonalNormalization::raw;
  /// The factor of orthogonal_lambda over the epochs.
  OrthogonalSchedule orthogonal_schedule = OrthogonalSchedule::constant;
  /// f of OrthogonalSchedule::late, in [0, 1).
  double orthogonal_late_start_fraction = 0.3;

  /// u = b + r, b being the step of AdamW or of SGD with momentum.
  HybridBase hybrid_base = HybridBase::classic;
  /// X of r = gate·(α - 1)⊙X.
  ModulationTarget modulation_target = ModulationTarget::gain;
  /// The gate, where phase and layer are in scope.
  double modulation_strength = 0.15;
  /// ‖r‖ is at most this share of ‖b‖.
  double modulation_max_ratio = 0.25;
  /// Momentum, or β₁, of the base, in [0, 1).
  double base_momentum = 0.9;
  /// β₂ of base adamw, in [0, 1).
  double base_beta2 = 0.999;
  /// ε of base adamw, above 0.
  double base_eps = 1e-8;
  /// Which parameters are modulated.
  LayerScope layer_scope = LayerScope::all;
  /// In which part of training.
  PhaseScope phase_scope = PhaseScope::full;

  /// lr is multiplied by clamp(1 + controller_alpha·signal, controller_low, controller_high).
  LrControllerMode lr_controller_mode = LrControllerMode::off;
  /// How strongly the signal changes lr, 0 or more.
  double controller_alpha = 0.1;
  /// The smallest multiplier of lr, 0 or more.
  double controller_low = 0.8;
  /// The largest, at least controller_low.
  double controller_high = 1.2;

  /// u ← u·max_update_norm / (‖u‖ + ε) where the norm exceeds it. It limits a hybrid's step too:
  /// AdamW's has a norm of about √n for n numbers, so a hybrid needs a larger limit.
  double max_update_norm = 1.0;
  /// Then u ← u·clamp(1 + adaptation_rate·(target_rms·k - √(mean u² + ε)), 0.5, 1.5), k being the
  /// scale of the third of the parameters, in order, that the tensor is in.
  double target_rms = 0.02;
  /// Strength of this gain; 0 turns it off.
  double adaptation_rate = 0.01;
  /// k in the first third of the parameters.
  double early_target_rms_scale = 1.0;
  /// k in the second third.
  double middle_target_rms_scale = 1.0;
  /// k in the last third.
  double late_target_rms_scale = 1.0;

  /// For diagnostics: within this share of the range from its end, α counts as saturated.
  double saturation_threshold_fraction = 0.05;
};

/// One option by name, for command lines and configuration files.
struct NeuroPlasticOption {
  /// As set_option() takes it.
  std::string_view name;
  /// "a number, 0 or more", "true or false", "raw or match_grad_norm".
  std::string values;
  /// What it does, for lists of options.
  std::string_view description;
  /// The default as text; set() with it restores the default.
  std::string default_value;
  /// Its value as text.
  std::function<std::string(const NeuroPlasticOptions& options)> get;
  /// Throws Error naming the option, the value and what is allowed.
  std::function<void(NeuroPlasticOptions& options, std::string_view value)> set;
  /// Why the option makes no difference beside the others: "orthogonal_residual is false". Empty
  /// where it does make one.
  std::function<std::string(const NeuroPlasticOptions& options)> why_idle;
};

/// Every option but lr and weight_decay, which all optimizers have.
std::span<const NeuroPlasticOption> neuroplastic_option_table();

/// Throws Error for a name that is not in the table or a value that its option does not accept.
void set_option(NeuroPlasticOptions& options, std::string_view name, std::string_view value);

/// Throws Error naming the first option that is out of range or contradicts another.
void validate(const NeuroPlasticOptions& options);

/// What one step did, over all elements of all tensors that it updated.
struct NeuroPlasticDiagnostics {
  /// Mean of α.
  double alpha_mean = 0;
  /// Population standard deviation.
  double alpha_std = 0;
  /// Smallest α.
  double alpha_min = 0;
  /// Largest α.
  double alpha_max = 0;
  /// Centre of the first of 64 equal bins of [min_alpha, max_alpha] at which half of all elements
  /// are reached; half a bin above max_alpha where none is.
  double alpha_median = 0;
  /// Share of elements within saturation_threshold_fraction of the range from min_alpha, or below.
  double alpha_fraction_near_min = 0;
  /// The same share at max_alpha, or above.
  double alpha_fraction_near_max = 0;
  /// ‖g‖.
  double raw_gradient_norm = 0;
  /// ‖θ‖ just before u is subtracted, after decoupled decay.
  double parameter_norm = 0;
  /// ‖u‖ before homeostasis.
  double raw_update_norm = 0;
  /// ‖u‖ after homeostasis, times the lr controller's multiplier.
  double effective_update_norm = 0;
  /// Norm of what plasticity added: (α - α₀)⊙g, or r in the variants.
  double plasticity_delta_norm = 0;
};

/// One of the diagnostics by name, for files and reports.
struct NeuroPlasticDiagnostic {
  /// The member's name.
  std::string_view name;
  /// What it measures, for a person to read.
  std::string_view meaning;
};

/// Every member of NeuroPlasticDiagnostics, in its order.
std::span<const NeuroPlasticDiagnostic> neuroplastic_diagnostic_table();

/// Parameters with options of their own.
using NeuroPlasticGroup = ParameterGroup<NeuroPlasticOptions>;

/// The NeuroPlastic optimizer, arXiv 2604.26297: a step along α⊙g, where α combines three signals
/// of each element (activity, gradient and memory), each relative to its mean over the tensor; then
/// homeostasis. Layer scopes, thirds and the lr controller count the parameters of all groups in
/// order, with and without gradients, frozen ones included. State: activity, momentum and variance;
/// hybrids also base_exp_avg and, on AdamW, base_exp_avg_sq; "epoch" and "total_epochs".
class NeuroPlastic : public Optimizer {
 public:
  /// Throws Error for options out of range and for parameters that Optimizer refuses.
  explicit NeuroPlastic(const std::vector<Tensor>& parameters,
                        const NeuroPlasticOptions& options = {});
  /// The same for several groups.
  explicit NeuroPlastic(const std::vector<NeuroPlasticGroup>& groups);

  ~NeuroPlastic() override;

  /// Steps throw Error when an option depends on the epoch and this was never called.
  void set_epoch(int epoch, int total_epochs) override;

  bool is_capturable() const override { return true; }

  /// What the last step did, if a group has `diagnostics` on and a parameter had a gradient. Waits
  /// for the device, which steps do not.
  std::optional<NeuroPlasticDiagnostics> last_diagnostics() const;
  /// The same by name, in the order of neuroplastic_diagnostic_table(); empty where
  /// last_diagnostics() is.
  std::vector<Diagnostic> diagnostics() const override;

  /// "alpha", between the clips, α_min and α_max (of several groups, the widest range); "activity",
  /// "gradient" and "memory", which are â, ĝ and m̂. The variants and hybrids have them too.
  std::vector<Signal> signals() const override;
  /// Its numbers: "norm_clip", max_update_norm / (‖u‖ + ε) where the norm exceeded it, else 1; and
  /// "gain", the factor of homeostasis in [0.5, 1.5]; "activity_share", "gradient_share" and
  /// "memory_share", the parts of w_a·â, w_g·ĝ and w_m·m̂ in their sum, as means over the elements
  /// whose sum is not 0, whatever part the sum has in α (mode, warm-up).
  Inspection inspect(std::size_t parameter) const override;

 private:
  void prepare() override;
  void run() override;
  bool is_diagnosed() const;

  std::vector<NeuroPlasticOptions> options_;
  Tensor activity_;
  Tensor momentum_;
  Tensor variance_;
  /// Undefined without hybrids; the second also without AdamW.
  Tensor base_exp_avg_;
  Tensor base_exp_avg_sq_;
  /// epoch and total_epochs; 0 until set_epoch().
  Tensor epoch_;
  Tensor total_epochs_;
  std::unique_ptr<NeuroPlasticStepper> stepper_;
  /// The tensors of the step last prepared, in order.
  std::vector<neuroplastic::RuleTensor> stepped_;
};

}  // namespace plastic::optim

#pragma GCC visibility pop
