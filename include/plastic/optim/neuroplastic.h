#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plastic/optim/optimizer.h"

namespace plastic::optim {

class NeuroPlasticStepper;
namespace neuroplastic {
struct RuleTensor;
}

/// rule_based is the full rule; ablation_grad_only keeps α = α₀, which depends on the gradient
/// alone.
enum class NeuroPlasticMode { rule_based, ablation_grad_only };
enum class OrthogonalNormalization { raw, match_grad_norm };
/// With progress = epoch / total_epochs: constant 1; late 0 up to the start fraction f, then
/// (progress - f) / (1 - f); cosine (1 - cos(π·progress)) / 2.
enum class OrthogonalSchedule { constant, late, cosine };
/// classic is not a hybrid: the step is NeuroPlastic's own.
enum class HybridBase { classic, adamw, sgd_momentum };
enum class ModulationTarget { gain, momentum, trust_ratio };
/// conv_only: tensors of rank 4. classifier_only: the last two parameters. early_blocks and
/// late_blocks: the two halves of the parameters before those; of an odd number, the middle one is
/// in both.
enum class LayerScope { all, conv_only, classifier_only, early_blocks, late_blocks };
/// By progress: early up to 0.3, late from 0.7, middle between.
enum class PhaseScope { full, early, middle, late };
/// Whose log(α / α₀) is averaged into a multiplier of lr: that of all tensors, of each of three
/// groups separately (classifier, early half, late half), or of the classifier, for the classifier
/// alone.
enum class LrControllerMode { off, global, layerwise, classifier_only };

/// The options of NeuroPlastic under the names and with the defaults of the reference
/// implementation of arXiv 2604.26297. Notation of docs/design.md, "NeuroPlastic". Where several
/// variants are requested, a hybrid takes precedence over orthogonal, and orthogonal over bounded.
struct NeuroPlasticOptions {
  double lr = 1e-3;
  /// λ. Coupled: u ← u + λ·θ, never seen by the signals.
  double weight_decay = 0;
  /// Decoupled instead: θ ← θ·(1 - lr·λ) before the step. Hybrid adamw always decays this way,
  /// hybrid sgd_momentum never.
  bool decoupled_weight_decay = false;
  /// Computes NeuroPlasticDiagnostics at every step.
  bool diagnostics = false;

  NeuroPlasticMode mode = NeuroPlasticMode::rule_based;
  /// w_a, w_g, w_m of α₁ = clip(w_a·â + w_g·ĝ + w_m·m̂).
  double activity_weight = 0.4;
  double gradient_weight = 0.4;
  double memory_weight = 0.2;
  /// The range that α₀ and α₁ are clipped to.
  double min_alpha = 0.2;
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
  double residual_max_ratio = 0.5;

  /// u = g + r, r being orthogonal_lambda·schedule times the part of (α - α₀)⊙g that is orthogonal
  /// to g, no longer than orthogonal_max_ratio·‖g‖.
  bool orthogonal_residual = false;
  double orthogonal_lambda = 0.1;
  double orthogonal_max_ratio = 0.5;
  /// match_grad_norm gives that part the norm of g first.
  OrthogonalNormalization orthogonal_normalization = OrthogonalNormalization::raw;
  OrthogonalSchedule orthogonal_schedule = OrthogonalSchedule::constant;
  double orthogonal_late_start_fraction = 0.3;

  /// u = b + r, b being the step of AdamW or of SGD with momentum.
  HybridBase hybrid_base = HybridBase::classic;
  /// r = gate·(α - 1)⊙X: X = b; the base's momentum; or b times how far ‖θ‖ / ‖b‖, clamped to
  /// [0.5, 1.5], is from 1.
  ModulationTarget modulation_target = ModulationTarget::gain;
  /// The gate, where phase and layer are in scope.
  double modulation_strength = 0.15;
  /// ‖r‖ is at most this share of ‖b‖.
  double modulation_max_ratio = 0.25;
  double base_momentum = 0.9;
  double base_beta2 = 0.999;
  double base_eps = 1e-8;
  LayerScope layer_scope = LayerScope::all;
  PhaseScope phase_scope = PhaseScope::full;

  /// lr is multiplied by clamp(1 + controller_alpha·signal, controller_low, controller_high).
  LrControllerMode lr_controller_mode = LrControllerMode::off;
  double controller_alpha = 0.1;
  double controller_low = 0.8;
  double controller_high = 1.2;

  /// u ← u·max_update_norm / (‖u‖ + ε) where the norm exceeds it. It limits a hybrid's step too:
  /// AdamW's has a norm of about √n for n numbers, so a hybrid needs a larger limit.
  double max_update_norm = 1.0;
  /// Then u ← u·clamp(1 + adaptation_rate·(target_rms·k - √(mean u² + ε)), 0.5, 1.5), k being the
  /// scale of the third of the parameters, in order, that the tensor is in.
  double target_rms = 0.02;
  double adaptation_rate = 0.01;
  double early_target_rms_scale = 1.0;
  double middle_target_rms_scale = 1.0;
  double late_target_rms_scale = 1.0;

  /// For diagnostics: within this share of the range from its end, α counts as saturated.
  double saturation_threshold_fraction = 0.05;
};

/// One option by name, for command lines and configuration files.
struct NeuroPlasticOption {
  std::string_view name;
  /// "a number, 0 or more", "true or false", "raw or match_grad_norm".
  std::string values;
  std::string_view description;
  /// The default as text; set() with it restores the default.
  std::string default_value;
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
  double alpha_mean = 0;
  /// Population standard deviation.
  double alpha_std = 0;
  double alpha_min = 0;
  double alpha_max = 0;
  /// Centre of the first of 64 equal bins of [min_alpha, max_alpha] at which half of all elements
  /// are reached; half a bin above max_alpha where none is.
  double alpha_median = 0;
  /// Shares of elements within saturation_threshold_fraction of the range from its ends, or beyond
  /// them.
  double alpha_fraction_near_min = 0;
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
  std::string_view name;
  std::string_view meaning;
};

/// Every member of NeuroPlasticDiagnostics, in its order.
std::span<const NeuroPlasticDiagnostic> neuroplastic_diagnostic_table();

struct NeuroPlasticGroup {
  std::vector<Tensor> parameters;
  NeuroPlasticOptions options;
};

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
