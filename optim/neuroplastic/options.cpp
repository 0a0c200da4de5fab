#include <array>
#include <atomic>
#include <charconv>
#include <cmath>
#include <utility>

#include "core/check.h"
#include "core/number_text.h"
#include "core/threads/made_once.h"
#include "plastic/optim/neuroplastic.h"

namespace plastic::optim {
namespace {

using Options = NeuroPlasticOptions;

/// What a number may be.
enum class Range { not_negative, positive, share, below_one };

const char* describe(Range range) {
  switch (range) {
    case Range::not_negative:
      return "a number of 0 or more";
    case Range::positive:
      return "a number above 0";
    case Range::share:
      return "a number from 0 to 1";
    case Range::below_one:
      return "a number of 0 or more and below 1";
  }
  return "";
}

bool contains(Range range, double value) {
  if (!std::isfinite(value) || value < 0) return false;
  switch (range) {
    case Range::not_negative:
      return true;
    case Range::positive:
      return value > 0;
    case Range::share:
      return value <= 1;
    case Range::below_one:
      return value < 1;
  }
  return false;
}

[[noreturn]] void refuse(std::string_view name, std::string_view value, const std::string& values) {
  fail("neuroplastic", "option ", name, " is \"", value, "\"; it must be ", values);
}

/// The whole of `text` as a number, if it is one.
template <class T>
std::optional<T> parse(std::string_view text) {
  T value{};
  const char* end = text.data() + text.size();
  const auto [stopped, error] = number_from_chars(text.data(), end, value);
  if (error != std::errc() || stopped != end) return std::nullopt;
  return value;
}

template <class T>
std::string print(T value) {
  std::array<char, 32> text{};
  const auto result = std::to_chars(text.data(), text.data() + text.size(), value);
  return {text.data(), result.ptr};
}

std::string never_idle(const Options&) { return ""; }

NeuroPlasticOption number(std::string_view name, double Options::*member, Range range,
                          std::string_view description) {
  return {.name = name,
          .values = describe(range),
          .description = description,
          .default_value = print(Options{}.*member),
          .get = [=](const Options& options) { return print(options.*member); },
          .set =
              [=](Options& options, std::string_view text) {
                const auto value = parse<double>(text);
                if (!value || !contains(range, *value)) refuse(name, text, describe(range));
                options.*member = *value;
              },
          .why_idle = never_idle};
}

NeuroPlasticOption count(std::string_view name, int Options::*member,
                         std::string_view description) {
  static constexpr const char* values = "a whole number of 0 or more";
  return {.name = name,
          .values = values,
          .description = description,
          .default_value = print(Options{}.*member),
          .get = [=](const Options& options) { return print(options.*member); },
          .set =
              [=](Options& options, std::string_view text) {
                const auto value = parse<int>(text);
                if (!value || *value < 0) refuse(name, text, values);
                options.*member = *value;
              },
          .why_idle = never_idle};
}

/// One of `names`, in the order of the enumerators.
template <class E>
NeuroPlasticOption choice(std::string_view name, E Options::*member, std::vector<std::string> names,
                          std::string_view description) {
  std::string values = names.front();
  for (std::size_t i = 1; i < names.size(); ++i) {
    values += (i + 1 == names.size() ? " or " : ", ") + names[i];
  }
  const auto get = [=](const Options& options) {
    return names[static_cast<std::size_t>(options.*member)];
  };
  return {.name = name,
          .values = values,
          .description = description,
          .default_value = get(Options{}),
          .get = get,
          .set =
              [=](Options& options, std::string_view text) {
                for (std::size_t i = 0; i < names.size(); ++i) {
                  if (names[i] == text) {
                    options.*member = static_cast<E>(i);
                    return;
                  }
                }
                refuse(name, text, values);
              },
          .why_idle = never_idle};
}

NeuroPlasticOption flag(std::string_view name, bool Options::*member,
                        std::string_view description) {
  return choice(name, member, {"false", "true"}, description);
}

// Why an option may make no difference; docs/design.md, "NeuroPlastic".

std::string without_full_rule(const Options& options) {
  const bool is_full = options.mode == NeuroPlasticMode::rule_based;
  return is_full ? "" : "mode is ablation_grad_only";
}

std::string under_hybrid(const Options& options) {
  if (options.hybrid_base == HybridBase::adamw) return "hybrid_base is adamw";
  return options.hybrid_base == HybridBase::classic ? "" : "hybrid_base is sgd_momentum";
}

std::string without_hybrid(const Options& options) {
  return options.hybrid_base == HybridBase::classic ? "hybrid_base is classic" : "";
}

std::string without_adamw(const Options& options) {
  if (options.hybrid_base == HybridBase::adamw) return "";
  return options.hybrid_base == HybridBase::classic ? "hybrid_base is classic"
                                                    : "hybrid_base is sgd_momentum";
}

std::string without_orthogonal(const Options& options) {
  if (!options.orthogonal_residual) return "orthogonal_residual is false";
  const std::string hybrid = under_hybrid(options);
  return hybrid.empty() ? without_full_rule(options) : hybrid;
}

std::string without_late_schedule(const Options& options) {
  const std::string why = without_orthogonal(options);
  if (!why.empty() || options.orthogonal_schedule == OrthogonalSchedule::late) return why;
  return "orthogonal_schedule is not late";
}

/// Orthogonal comes before bounded.
std::string under_orthogonal(const Options& options) {
  const std::string hybrid = under_hybrid(options);
  if (!hybrid.empty() || !options.orthogonal_residual) return hybrid;
  return "orthogonal_residual is true";
}

std::string without_bounded(const Options& options) {
  return options.bounded_residual ? under_orthogonal(options) : "bounded_residual is false";
}

std::string without_decay(const Options& options) {
  return options.weight_decay > 0 ? under_hybrid(options) : "weight_decay is 0";
}

std::string without_controller(const Options& options) {
  return options.lr_controller_mode == LrControllerMode::off ? "lr_controller_mode is off" : "";
}

std::string without_diagnostics(const Options& options) {
  return options.diagnostics ? "" : "diagnostics is false";
}

NeuroPlasticOption unless(std::string (*why_idle)(const Options&), NeuroPlasticOption option) {
  option.why_idle = why_idle;
  return option;
}

std::vector<NeuroPlasticOption> make_table() {
  using enum Range;
  using O = Options;
  return {
      choice("mode", &O::mode, {"rule_based", "ablation_grad_only"},
             "the full rule, or α = α₀ from the gradient alone"),
      unless(without_full_rule, number("activity_weight", &O::activity_weight, not_negative,
                                       "weight of the activity trace")),
      unless(without_full_rule, number("gradient_weight", &O::gradient_weight, not_negative,
                                       "weight of the gradient")),
      unless(without_full_rule, number("memory_weight", &O::memory_weight, not_negative,
                                       "weight of the memory signal")),
      number("min_alpha", &O::min_alpha, not_negative, "lower clip of the coefficient"),
      number("max_alpha", &O::max_alpha, not_negative, "upper clip of the coefficient"),
      unless(without_full_rule, number("plasticity_scale", &O::plasticity_scale, not_negative,
                                       "how far α goes from α₀ towards the full rule")),
      unless(without_full_rule,
             count("warmup_epochs", &O::warmup_epochs, "epochs over which plasticity sets in")),
      flag("parameterwise", &O::parameterwise, "a coefficient for each element, not each tensor"),
      number("eps", &O::eps, positive, "ε of every mean, norm and root"),
      unless(without_decay, flag("decoupled_weight_decay", &O::decoupled_weight_decay,
                                 "decay θ directly instead of through the update")),
      unless(under_orthogonal, flag("bounded_residual", &O::bounded_residual,
                                    "limit what plasticity adds to the gradient")),
      unless(without_bounded, number("residual_max_ratio", &O::residual_max_ratio, not_negative,
                                     "that limit, as a share of the gradient's norm")),
      unless(under_hybrid, flag("orthogonal_residual", &O::orthogonal_residual,
                                "add only what is orthogonal to the gradient")),
      unless(without_orthogonal, number("orthogonal_lambda", &O::orthogonal_lambda, not_negative,
                                        "weight of that part")),
      unless(without_orthogonal,
             number("orthogonal_max_ratio", &O::orthogonal_max_ratio, not_negative,
                    "its limit, as a share of the gradient's norm")),
      unless(without_orthogonal,
             choice("orthogonal_normalization", &O::orthogonal_normalization,
                    {"raw", "match_grad_norm"}, "give that part the gradient's norm first")),
      unless(without_orthogonal,
             choice("orthogonal_schedule", &O::orthogonal_schedule, {"constant", "late", "cosine"},
                    "its weight over the epochs")),
      unless(without_late_schedule,
             number("orthogonal_late_start_fraction", &O::orthogonal_late_start_fraction, below_one,
                    "where schedule late starts")),
      choice("hybrid_base", &O::hybrid_base, {"classic", "adamw", "sgd_momentum"},
             "the step that plasticity modulates"),
      unless(without_hybrid,
             choice("modulation_target", &O::modulation_target, {"gain", "momentum", "trust_ratio"},
                    "what of a hybrid's step is modulated")),
      unless(without_hybrid, number("modulation_strength", &O::modulation_strength, not_negative,
                                    "weight of a hybrid's modulation")),
      unless(without_hybrid, number("modulation_max_ratio", &O::modulation_max_ratio, not_negative,
                                    "its limit, as a share of the base step's norm")),
      unless(without_hybrid, number("base_momentum", &O::base_momentum, below_one,
                                    "momentum or β₁ of the base step")),
      unless(without_adamw, number("base_beta2", &O::base_beta2, below_one, "β₂ of base adamw")),
      unless(without_adamw, number("base_eps", &O::base_eps, positive, "ε of base adamw")),
      unless(without_hybrid,
             choice("layer_scope", &O::layer_scope,
                    {"all", "conv_only", "classifier_only", "early_blocks", "late_blocks"},
                    "the parameters that a hybrid modulates")),
      unless(without_hybrid,
             choice("phase_scope", &O::phase_scope, {"full", "early", "middle", "late"},
                    "the part of training in which it does")),
      choice("lr_controller_mode", &O::lr_controller_mode,
             {"off", "global", "layerwise", "classifier_only"},
             "let the coefficient adapt the learning rate"),
      unless(without_controller,
             number("controller_alpha", &O::controller_alpha, not_negative, "how strongly")),
      unless(without_controller, number("controller_low", &O::controller_low, not_negative,
                                        "smallest multiplier of lr")),
      unless(without_controller, number("controller_high", &O::controller_high, not_negative,
                                        "largest multiplier of lr")),
      number("max_update_norm", &O::max_update_norm, positive, "norm clip of a tensor's update"),
      number("target_rms", &O::target_rms, not_negative,
             "root mean square that the gain steers towards"),
      number("adaptation_rate", &O::adaptation_rate, not_negative, "strength of the gain"),
      number("early_target_rms_scale", &O::early_target_rms_scale, not_negative,
             "factor of target_rms in the first third of the parameters"),
      number("middle_target_rms_scale", &O::middle_target_rms_scale, not_negative,
             "factor of target_rms in the second third"),
      number("late_target_rms_scale", &O::late_target_rms_scale, not_negative,
             "factor of target_rms in the last third"),
      unless(without_diagnostics,
             number("saturation_threshold_fraction", &O::saturation_threshold_fraction, share,
                    "share of the range near its ends that diagnostics count as saturated")),
      flag("diagnostics", &O::diagnostics, "measure every step"),
  };
}

}  // namespace

std::span<const NeuroPlasticOption> neuroplastic_option_table() {
  static constinit std::atomic<const std::vector<NeuroPlasticOption>*> table{nullptr};
  return made_once(table, make_table);
}

void set_option(NeuroPlasticOptions& options, std::string_view name, std::string_view value) {
  std::string names;
  for (const NeuroPlasticOption& option : neuroplastic_option_table()) {
    if (option.name == name) return option.set(options, value);
    names += (names.empty() ? "" : ", ") + std::string(option.name);
  }
  fail("neuroplastic", "no option \"", name, "\"; there are ", names);
}

void validate(const NeuroPlasticOptions& options) {
  for (const auto& [name, value] :
       {std::pair{"lr", options.lr}, std::pair{"weight_decay", options.weight_decay}}) {
    if (!contains(Range::not_negative, value)) {
      refuse(name, print(value), describe(Range::not_negative));
    }
  }
  NeuroPlasticOptions scratch;
  for (const NeuroPlasticOption& option : neuroplastic_option_table()) {
    option.set(scratch, option.get(options));
  }
  if (options.min_alpha > options.max_alpha) {
    fail("neuroplastic", "min_alpha ", options.min_alpha, " exceeds max_alpha ", options.max_alpha,
         "; swap them");
  }
  if (options.controller_low > options.controller_high) {
    fail("neuroplastic", "controller_low ", options.controller_low, " exceeds controller_high ",
         options.controller_high, "; swap them");
  }
}

}  // namespace plastic::optim
