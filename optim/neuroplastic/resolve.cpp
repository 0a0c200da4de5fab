#include "optim/neuroplastic/resolve.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace plastic::optim::neuroplastic {
namespace {

double progress(const Place& place) {
  return static_cast<double>(place.epoch) / static_cast<double>(place.total_epochs);
}

/// γ.
double warmup_gate(const NeuroPlasticOptions& options, const Place& place) {
  if (options.warmup_epochs == 0) return 1;
  const double past = static_cast<double>(place.epoch - 1) / options.warmup_epochs;
  return std::clamp(past, 0.0, 1.0);
}

double orthogonal_strength(const NeuroPlasticOptions& options, const Place& place) {
  const double at = progress(place);
  const double start = options.orthogonal_late_start_fraction;
  double schedule = 1;
  switch (options.orthogonal_schedule) {
    case OrthogonalSchedule::constant:
      break;
    case OrthogonalSchedule::late:
      schedule = at < start ? 0 : (at - start) / (1 - start);
      break;
    case OrthogonalSchedule::cosine:
      schedule = (1 - std::cos(std::numbers::pi * at)) / 2;
      break;
  }
  return options.orthogonal_lambda * schedule;
}

bool in_phase(PhaseScope scope, double progress) {
  constexpr double early_end = 0.3;
  constexpr double late_start = 0.7;
  switch (scope) {
    case PhaseScope::full:
      return true;
    case PhaseScope::early:
      return progress <= early_end;
    case PhaseScope::middle:
      return progress > early_end && progress < late_start;
    case PhaseScope::late:
      return progress >= late_start;
  }
  return true;
}

/// The last two parameters: weight and bias of the last layer.
bool is_classifier(const Place& place) { return place.index + 2 >= place.count; }

/// Parameters before the classifier.
std::size_t body_count(const Place& place) { return std::max<std::size_t>(place.count, 2) - 2; }

bool in_layer_scope(LayerScope scope, const Place& place) {
  const std::size_t body = body_count(place);
  switch (scope) {
    case LayerScope::all:
      return true;
    case LayerScope::conv_only:
      return place.rank == 4;
    case LayerScope::classifier_only:
      return is_classifier(place);
    case LayerScope::early_blocks:
      return !is_classifier(place) && place.index < (body + 1) / 2;
    case LayerScope::late_blocks:
      return !is_classifier(place) && place.index >= body / 2;
  }
  return true;
}

/// The third of the parameters that this one is in sets k.
double target_rms_scale(const NeuroPlasticOptions& options, const Place& place) {
  const double scales[] = {options.early_target_rms_scale, options.middle_target_rms_scale,
                           options.late_target_rms_scale};
  return scales[3 * place.index / place.count];
}

Variant variant_of(const NeuroPlasticOptions& options) {
  if (options.hybrid_base == HybridBase::adamw) return Variant::adamw;
  if (options.hybrid_base == HybridBase::sgd_momentum) return Variant::sgd_momentum;
  if (options.orthogonal_residual) return Variant::orthogonal_residual;
  if (options.bounded_residual) return Variant::bounded_residual;
  return Variant::classic;
}

Target target_of(ModulationTarget target) {
  switch (target) {
    case ModulationTarget::gain:
      return Target::gain;
    case ModulationTarget::momentum:
      return Target::momentum;
    case ModulationTarget::trust_ratio:
      return Target::trust_ratio;
  }
  return Target::gain;
}

/// Unlike the layer scopes, the controller's halves do not overlap.
int controller_class(LrControllerMode mode, const Place& place) {
  constexpr int everything = 0, classifier = 1, early = 2, late = 3;
  switch (mode) {
    case LrControllerMode::off:
      return -1;
    case LrControllerMode::global:
      return everything;
    case LrControllerMode::classifier_only:
      return is_classifier(place) ? classifier : -1;
    case LrControllerMode::layerwise:
      if (is_classifier(place)) return classifier;
      return place.index < (body_count(place) + 1) / 2 ? early : late;
  }
  return -1;
}

void resolve_variant(const NeuroPlasticOptions& options, const Place& place, Settings& settings) {
  settings.variant = variant_of(options);
  switch (settings.variant) {
    case Variant::classic:
      break;
    case Variant::bounded_residual:
      settings.max_ratio = options.residual_max_ratio;
      break;
    case Variant::orthogonal_residual:
      settings.max_ratio = options.orthogonal_max_ratio;
      settings.strength = orthogonal_strength(options, place);
      settings.match_grad_norm =
          options.orthogonal_normalization == OrthogonalNormalization::match_grad_norm;
      break;
    case Variant::adamw:
    case Variant::sgd_momentum: {
      const bool in_scope = in_phase(options.phase_scope, progress(place)) &&
                            in_layer_scope(options.layer_scope, place);
      settings.max_ratio = options.modulation_max_ratio;
      settings.strength = in_scope ? options.modulation_strength : 0;
      settings.target = target_of(options.modulation_target);
      settings.base_momentum = options.base_momentum;
      settings.base_beta2 = options.base_beta2;
      settings.base_eps = options.base_eps;
      settings.step = place.step;
      break;
    }
  }
}

}  // namespace

bool depends_on_epoch(const NeuroPlasticOptions& options) {
  const Variant variant = variant_of(options);
  const bool is_hybrid = variant == Variant::adamw || variant == Variant::sgd_momentum;
  return options.warmup_epochs > 0 || (is_hybrid && options.phase_scope != PhaseScope::full) ||
         (variant == Variant::orthogonal_residual &&
          options.orthogonal_schedule != OrthogonalSchedule::constant);
}

RuleTensor resolve(const NeuroPlasticOptions& options, double lr, const Place& place,
                   const StepTensor& tensor) {
  RuleTensor out;
  static_cast<StepTensor&>(out) = tensor;
  Settings& settings = out.settings;
  resolve_variant(options, place, settings);

  settings.activity_weight = options.activity_weight;
  settings.gradient_weight = options.gradient_weight;
  settings.memory_weight = options.memory_weight;
  settings.min_alpha = options.min_alpha;
  settings.max_alpha = options.max_alpha;
  settings.parameterwise = options.parameterwise;
  settings.eps = options.eps;
  if (options.mode == NeuroPlasticMode::rule_based) {
    settings.blend = warmup_gate(options, place) * options.plasticity_scale;
  }

  settings.lr = lr;
  const bool is_decoupled =
      settings.variant == Variant::adamw ||
      (options.decoupled_weight_decay && settings.variant != Variant::sgd_momentum);
  (is_decoupled ? settings.decoupled_decay : settings.coupled_decay) = options.weight_decay;

  settings.max_update_norm = options.max_update_norm;
  settings.target_rms = options.target_rms * target_rms_scale(options, place);
  settings.adaptation_rate = options.adaptation_rate;

  out.base = base(settings);
  out.controller_class = controller_class(options.lr_controller_mode, place);
  out.controller = {.alpha = options.controller_alpha,
                    .low = options.controller_low,
                    .high = options.controller_high};
  return out;
}

}  // namespace plastic::optim::neuroplastic
