#include "apps/training/optimizer_options.h"

#include <algorithm>
#include <limits>

#include "apps/cli/values.h"
#include "plastic/core/error.h"

namespace plastic::apps {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

bool all_optimizers(const OptimizerEntry&) { return true; }
std::string never_idle(const OptimizerSettings&) { return ""; }

bool parse_switch(const std::string& text) {
  return parse_choice(text, {"true", "false"}) == "true";
}

/// "sgd 0.01, adam 0.001"; an optimizer for which the number is `none` is left out.
template <class Get>
std::string defaults_text(Get get, double none) {
  std::vector<std::string> parts;
  for (const OptimizerEntry& entry : optimizer_table()) {
    const double value = get(entry.defaults);
    if (value != none) parts.push_back(entry.name + " " + brief(value));
  }
  return parts.empty() ? brief(none) : join(parts);
}

/// A number that every optimizer has.
OptimizerOption common(const std::string& name, double OptimizerSettings::*member, double none,
                       const Range& range, const std::string& help) {
  const auto get = [member](const OptimizerSettings& settings) { return settings.*member; };
  return {.name = name,
          .help = help,
          .defaults = defaults_text(get, none),
          .applies_to = all_optimizers,
          .set = [member, range](
                     OptimizerSettings& settings,
                     const std::string& text) { settings.*member = parse_number(text, range); },
          .get = [get](const OptimizerSettings& settings) { return exact(get(settings)); },
          .why_idle = never_idle};
}

/// A switch that every optimizer has, off by default.
OptimizerOption common_switch(const std::string& name, bool OptimizerSettings::*member,
                              const std::string& help,
                              std::function<std::string(const OptimizerSettings&)> why_idle) {
  return {.name = name,
          .help = help,
          .defaults = "false",
          .is_switch = true,
          .applies_to = all_optimizers,
          .set = [member](OptimizerSettings& settings,
                          const std::string& text) { settings.*member = parse_switch(text); },
          .get = [member](const OptimizerSettings& settings) -> std::string {
            return settings.*member ? "true" : "false";
          },
          .why_idle = std::move(why_idle)};
}

/// A number of the optimizers that have it among their defaults.
OptimizerOption number(const std::string& name, const Range& range, const std::string& help) {
  std::vector<std::string> defaults;
  for (const OptimizerEntry& entry : optimizer_table()) {
    const auto found = entry.defaults.numbers.find(name);
    if (found != entry.defaults.numbers.end()) {
      defaults.push_back(entry.name + " " + brief(found->second));
    }
  }
  return {.name = name,
          .help = help,
          .defaults = join(defaults),
          .applies_to =
              [name](const OptimizerEntry& entry) { return entry.defaults.numbers.contains(name); },
          .set =
              [name, range](OptimizerSettings& settings, const std::string& text) {
                settings.numbers[name] = parse_number(text, range);
              },
          .get = [name](const OptimizerSettings& settings) { return exact(settings.number(name)); },
          .why_idle = never_idle};
}

/// A whole number from `low` to `high`, of the optimizers that have it among their defaults.
OptimizerOption whole(const std::string& name, const std::string& help, std::int64_t low = 1,
                      std::int64_t high = 1'000'000'000) {
  OptimizerOption option = number(name, {.low = 0.0, .high = infinity}, help);
  option.set = [name, low, high](OptimizerSettings& settings, const std::string& text) {
    settings.numbers[name] = static_cast<double>(parse_integer(text, low, high));
  };
  return option;
}

/// A switch of the optimizers that have it among their defaults.
OptimizerOption on_or_off(const std::string& name, const std::string& help) {
  std::vector<std::string> defaults;
  for (const OptimizerEntry& entry : optimizer_table()) {
    const auto found = entry.defaults.switches.find(name);
    if (found != entry.defaults.switches.end()) {
      defaults.push_back(entry.name + (found->second ? " true" : " false"));
    }
  }
  return {
      .name = name,
      .help = help,
      .defaults = join(defaults),
      .is_switch = true,
      .applies_to =
          [name](const OptimizerEntry& entry) { return entry.defaults.switches.contains(name); },
      .set = [name](OptimizerSettings& settings,
                    const std::string& text) { settings.switches[name] = parse_switch(text); },
      .get = [name](const OptimizerSettings& settings) -> std::string {
        return settings.is_on(name) ? "true" : "false";
      },
      .why_idle = never_idle};
}

OptimizerOption plasticity(const optim::NeuroPlasticOption& option) {
  const std::string name(option.name);
  return {.name = "np." + dashed(name),
          .help = std::string(option.description) + ": " + option.values,
          .defaults = option.default_value,
          .is_switch = option.default_value == "true" || option.default_value == "false",
          .applies_to =
              [name](const OptimizerEntry& entry) {
                return entry.has_plasticity && entry.fixed_option != name;
              },
          .set =
              [name](OptimizerSettings& settings, const std::string& text) {
                try {
                  optim::set_option(settings.plasticity, name, text);
                } catch (const Error& error) {
                  throw UsageError(error.what());
                }
              },
          .get = [&option](const OptimizerSettings& s) { return option.get(s.plasticity); },
          .why_idle =
              [&option](const OptimizerSettings& settings) {
                optim::NeuroPlasticOptions options = settings.plasticity;
                options.weight_decay = settings.weight_decay;
                return option.why_idle(options);
              }};
}

/// The table: an option of an optimizer is a row here.
std::vector<OptimizerOption> make_table() {
  using S = OptimizerSettings;
  const Range below_one = {.low = 0.0, .high = 1.0, .high_included = false};
  std::vector<OptimizerOption> all = {
      common("lr", &S::lr, 0.0, {.low = 0.0, .high = infinity, .low_included = false},
             "Learning rate"),
      common(
          "weight-decay", &S::weight_decay, 0.0, {.low = 0.0, .high = infinity},
          "Weight decay; decoupled in adamw, lion, schedule-free-adamw, muon, adafactor, prodigy "
          "and soap, added to the update in lamb, coupled in the others"),
      common("lr-decay", &S::lr_decay, 1.0, {.low = 0.0, .high = 1.0, .low_included = false},
             "Multiply the learning rate by this after each epoch"),
      common(
          "sam", &S::sam, 0.0, {.low = 0.0, .high = infinity},
          "Sharpness-aware minimisation over the optimizer: radius of the neighbourhood, such as "
          "0.05; a step takes two gradients. 0 for none"),
      common_switch("sam-adaptive", &S::sam_adaptive,
                    "The neighbourhood of a weight is in proportion to its size (ASAM); radii are "
                    "larger, such as 0.5",
                    [](const S& settings) { return settings.sam == 0 ? "sam is 0" : ""; }),
      number(
          "momentum", below_one,
          "Share of the old buffer in the new one; schedule-free, of the average in the point of "
          "the gradients"),
      number("dampening", {.low = 0.0, .high = infinity},
             "The gradient's share in the new buffer is 1 less this"),
      on_or_off("nesterov", "Nesterov's momentum; needs momentum, and no dampening"),
      number("beta1", below_one,
             "Share of the old average of gradients in the new one, or in lion's step; "
             "schedule-free, as "
             "momentum"),
      number("beta2", below_one,
             "Share of the old average of squares in the new one; of gradients, of lion"),
      number("alpha", below_one, "Share of the old average of squares in the new one"),
      number("eps", {.low = 0.0, .high = infinity, .low_included = false},
             "Added to the root of the average of squares; muon, the least norm that a matrix is "
             "divided by"),
      number("momentum-decay", {.low = 0.0, .high = infinity},
             "How fast the momentum rises to beta1"),
      on_or_off("centered", "Divide by the deviation of the gradient, not its root mean square"),
      on_or_off("decoupled-weight-decay", "Decouple the weight decay, as in NAdamW"),
      number("average-power", {.low = 0.0, .high = infinity},
             "Power of the number of the step in the weights of the average"),
      number("average-lr-power", {.low = 0.0, .high = infinity},
             "Power of the largest learning rate so far in the weights of the average"),
      whole("warmup-steps", "Steps in which the learning rate rises; its average counts them less",
            0),
      whole("ns-steps", "Steps of Newton and Schulz that make the update orthogonal", 1, 99),
      on_or_off("match-rms-adamw",
                "Scale the update so that AdamW's lr and weight decay can be used"),
      number("adamw-lr", {.low = 0.0, .high = infinity},
             "Learning rate of AdamW, for parameters that are not matrices"),
      number("adamw-eps", {.low = 0.0, .high = infinity, .low_included = false},
             "eps of AdamW, for parameters that are not matrices"),
      on_or_off("bias-correction", "Correct the averages for having begun at 0"),
      number("min-norm", {.low = 0.0, .high = infinity},
             "The least norm of a parameter in its trust ratio"),
      number("max-norm", {.low = 0.0, .high = infinity},
             "The largest norm of a parameter in its trust ratio; 0 for no bound"),
      on_or_off("always-adapt", "Biases and gains have weight decay and a trust ratio, too"),
      number("beta2-decay", {.low = -infinity, .high = 0.0, .low_included = false},
             "Power of the number of the step in the new squares' share in their average"),
      number("eps1", {.low = 0.0, .high = infinity, .low_included = false},
             "Least root of the average of squares"),
      number("eps2", {.low = 0.0, .high = infinity, .low_included = false},
             "Least size of a parameter to which its step is in proportion"),
      number("clip-threshold", {.low = 1.0, .high = infinity},
             "The largest root mean square of an update"),
      number("d0", {.low = 0.0, .high = infinity, .low_included = false},
             "First estimate of the distance from the start to the solution"),
      number("d-coef", {.low = 0.0, .high = infinity, .low_included = false},
             "Factor of the estimated distance: what to tune instead of lr"),
      number("beta3", below_one,
             "Share of the old sums in the estimate of the distance; 0 for the root of beta2"),
      number("growth-rate", {.low = 0.0, .high = infinity},
             "The estimated distance grows by no more than this factor per step; 0 for no bound"),
      whole("slice-p", "Estimate the distance from every so many-th element, which saves memory"),
      on_or_off("decouple", "Decouple the weight decay"),
      on_or_off("use-bias-correction", "Correct the averages for having begun at 0"),
      on_or_off("safeguard-warmup", "Keep a warm-up of lr from raising the estimated distance"),
      whole("precondition-frequency", "Steps from one eigenbasis to the next"),
      whole("max-precondition-dim", "Longer axes of parameters have no eigenbasis"),
      number("shampoo-beta", {.low = -1.0, .high = 1.0, .high_included = false},
             "Share of the old products of gradients in the new ones; -1 for beta2"),
      on_or_off("merge-dims", "Join neighbouring axes up to max-precondition-dim"),
      on_or_off("precondition-1d", "Biases and gains have an eigenbasis, too"),
      on_or_off("normalize-gradients", "Divide the update by its root mean square"),
      on_or_off("correct-bias", "Correct the averages for having begun at 0"),
  };
  for (const optim::NeuroPlasticOption& option : optim::neuroplastic_option_table()) {
    all.push_back(plasticity(option));
  }
  return all;
}

/// What a table or a line of text calls it.
std::string short_name(const std::string& name) {
  return name.starts_with("np.") ? name.substr(3) : name;
}

}  // namespace

const std::vector<OptimizerOption>& optimizer_options() {
  static const std::vector<OptimizerOption> table = make_table();
  return table;
}

const OptimizerOption* find_optimizer_option(const std::string& name) {
  const auto found = std::ranges::find(optimizer_options(), name, &OptimizerOption::name);
  return found == optimizer_options().end() ? nullptr : &*found;
}

Settings effective_settings(const OptimizerSettings& settings) {
  const OptimizerEntry& entry = find_optimizer(settings.name);
  Settings all;
  for (const OptimizerOption& option : optimizer_options()) {
    if (!option.applies_to(entry) || !option.why_idle(settings).empty()) continue;
    all.emplace_back(option.name, option.get(settings));
  }
  return all;
}

Settings effective_settings(const std::string& optimizer, const Settings& given) {
  const auto entry = std::ranges::find(optimizer_table(), optimizer, &OptimizerEntry::name);
  if (entry == optimizer_table().end()) return given;
  OptimizerSettings settings = entry->defaults;
  for (const auto& [name, value] : given) {
    const OptimizerOption* option = find_optimizer_option(name);
    if (option == nullptr || !option->applies_to(*entry)) continue;
    try {
      option->set(settings, value);
    } catch (const UsageError&) {
      return given;
    }
  }
  Settings kept;
  for (const auto& [name, value] : given) {
    const OptimizerOption* option = find_optimizer_option(name);
    const bool counts =
        option == nullptr || (option->applies_to(*entry) && option->why_idle(settings).empty());
    if (counts) kept.emplace_back(name, value);
  }
  return kept;
}

Settings with_short_names(const Settings& settings) {
  Settings shown;
  for (const auto& [name, value] : settings) shown.emplace_back(short_name(name), value);
  return shown;
}

std::string describe(const OptimizerSettings& settings) {
  const OptimizerEntry& entry = find_optimizer(settings.name);
  std::vector<std::string> parts = {"lr " + brief(settings.lr)};
  if (settings.lr_decay != 1.0) parts.push_back("lr x " + brief(settings.lr_decay) + " per epoch");
  for (const auto& [name, value] : settings.numbers) {
    // Those that are rarely changed are worth a word only then.
    const bool is_usual = entry.defaults.number(name) == value;
    if (name == "momentum" || !is_usual) parts.push_back(name + " " + brief(value));
  }
  for (const auto& [name, is_on] : settings.switches) {
    if (is_on == entry.defaults.is_on(name)) continue;
    parts.push_back(is_on ? name : "no " + name);
  }
  parts.push_back("weight decay " + brief(settings.weight_decay));
  if (settings.sam != 0) {
    parts.push_back((settings.sam_adaptive ? "adaptive SAM " : "SAM ") + brief(settings.sam));
  }
  for (const OptimizerOption& option : optimizer_options()) {
    if (!option.is_plasticity() || !entry.has_plasticity) continue;
    if (!option.why_idle(settings).empty()) continue;
    const std::string value = option.get(settings);
    if (value != option.defaults) parts.push_back(short_name(option.name) + " " + value);
  }
  return join(parts);
}

}  // namespace plastic::apps
