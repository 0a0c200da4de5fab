#include "apps/training/optimizer_overrides.h"

#include <algorithm>

#include "apps/cli/values.h"
#include "apps/training/optimizer_options.h"
#include "core/check.h"
#include "plastic/core/error.h"

namespace plastic::apps {
namespace {

std::string names_of(const std::vector<Variant>& variants) {
  std::vector<std::string> names;
  for (const Variant& variant : variants) names.push_back(variant.name);
  return join(names);
}

const OptimizerOption& option_of(const OptimizerOverride& given) {
  const OptimizerOption* option = find_optimizer_option(given.option);
  if (option == nullptr) fail("optimizer", "no optimizer has an option ", given.option);
  return *option;
}

// Whether a setting under `name` is one of `variant`'s, or would be if nothing closer was said.
bool concerns(const std::string& name, const Variant& variant,
              const std::vector<Variant>& variants) {
  if (name.empty() || name == variant.name) return true;
  return name == variant.optimizer &&
         std::ranges::find(variants, name, &Variant::name) == variants.end();
}

// The names under which the settings of `variant` may stand, the closest last.
std::vector<std::string> keys_of(const Variant& variant, const std::vector<Variant>& variants) {
  std::vector<std::string> keys = {""};
  if (variant.optimizer != variant.name && concerns(variant.optimizer, variant, variants)) {
    keys.push_back(variant.optimizer);
  }
  keys.push_back(variant.name);
  return keys;
}

// "sgd has it", "neuroplastic and grad-only have it", with a word on those whose nature it is.
std::string takers_of(const OptimizerOption& option) {
  std::vector<std::string> takers;
  std::string remark;
  for (const OptimizerEntry& entry : optimizer_table()) {
    if (option.applies_to(entry)) takers.push_back(entry.name);
    if (!entry.fixed_option.empty() && option.name == "np." + dashed(entry.fixed_option)) {
      remark = " (" + entry.name + " is a " + entry.fixed_option + " itself; use --optimizer ";
    }
  }
  const std::string front = takers.front();
  const std::string last = takers.back();
  takers.pop_back();
  const std::string text =
      takers.empty() ? last + " has it" : join(takers) + " and " + last + " have it";
  return remark.empty() ? text : text + remark + front + ")";
}

}  // namespace

OptimizerOverrides parse_overrides(const std::string& option, const std::string& text) {
  OptimizerOverrides overrides;
  if (text.find('=') == std::string::npos) {
    overrides.push_back({.option = option, .value = text});
  } else {
    for (const std::string& part : parse_list(text, false)) {
      const std::size_t sign = part.find('=');
      if (sign == std::string::npos || sign == 0) {
        throw UsageError("expected OPTIMIZER=VALUE, got '" + part + "'");
      }
      const std::string name = part.substr(0, sign);
      if (std::ranges::find(overrides, name, &OptimizerOverride::name) != overrides.end()) {
        throw UsageError(name + " is given twice");
      }
      overrides.push_back({.option = option, .value = part.substr(sign + 1), .name = name});
    }
  }
  // Names are checked when it is known which are in use, values at once.
  OptimizerSettings scratch;
  for (const OptimizerOverride& given : overrides) option_of(given).set(scratch, given.value);
  return overrides;
}

void check_overrides(const OptimizerOverrides& overrides, const std::vector<Variant>& variants) {
  for (const OptimizerOverride& given : overrides) {
    const OptimizerOption& option = option_of(given);
    bool is_in_use = false;
    bool is_taken = false;
    for (const Variant& variant : variants) {
      if (!concerns(given.name, variant, variants)) continue;
      is_in_use = true;
      is_taken = is_taken || option.applies_to(find_optimizer(variant.optimizer));
    }
    if (!is_in_use) {
      throw UsageError("--" + given.option + ": " + given.name + " is not in use here, only " +
                       names_of(variants));
    }
    if (!is_taken) {
      throw UsageError("--" + given.option + ": only " + takers_of(option) + ", not " +
                       (given.name.empty() ? names_of(variants) : given.name));
    }
  }
}

OptimizerSettings resolve_settings(const Variant& variant, const std::vector<Variant>& variants,
                                   bool paper, const OptimizerOverrides& overrides) {
  const OptimizerEntry& entry = find_optimizer(variant.optimizer);
  OptimizerSettings settings = default_settings(variant.optimizer, paper);
  for (const std::string& key : keys_of(variant, variants)) {
    for (const OptimizerOverride& given : overrides) {
      const OptimizerOption& option = option_of(given);
      if (given.name == key && option.applies_to(entry)) option.set(settings, given.value);
    }
  }
  if (entry.has_plasticity) {
    settings.plasticity.lr = settings.lr;
    settings.plasticity.weight_decay = settings.weight_decay;
  }
  try {
    // Options that contradict each other.
    make_optimizer(settings, {Tensor::zeros({1}).set_requires_grad()});
  } catch (const Error& error) {
    throw UsageError(error.what());
  }
  return settings;
}

OptimizerSettings resolve_settings(const std::string& optimizer, bool paper,
                                   const OptimizerOverrides& overrides) {
  const Variant variant{.name = optimizer, .optimizer = optimizer};
  return resolve_settings(variant, {variant}, paper, overrides);
}

std::vector<std::string> idle_overrides(const OptimizerOverrides& overrides,
                                        const std::vector<Variant>& variants,
                                        const std::vector<OptimizerSettings>& settings) {
  std::vector<std::string> sentences;
  for (const OptimizerOverride& given : overrides) {
    const OptimizerOption& option = option_of(given);
    std::string reason;
    bool counts = false;
    for (std::size_t i = 0; i < variants.size() && !counts; ++i) {
      if (!concerns(given.name, variants[i], variants)) continue;
      const OptimizerEntry& entry = find_optimizer(variants[i].optimizer);
      if (!option.applies_to(entry)) continue;
      // A configuration file names all options: the usual value is no wish.
      if (option.get(settings[i]) == option.get(entry.defaults)) {
        counts = true;
        continue;
      }
      const std::string why = option.why_idle(settings[i]);
      counts = why.empty();
      if (reason.empty()) reason = why;
    }
    if (counts || reason.empty()) continue;
    sentences.push_back("--" + given.option + (given.name.empty() ? "" : " " + given.name) +
                        " has no effect: " + reason);
  }
  return sentences;
}

}  // namespace plastic::apps
