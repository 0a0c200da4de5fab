#pragma once

#include <string>
#include <vector>

#include "apps/training/optimizers.h"

namespace plastic::apps {

/// An optimizer under a name of its own: "sgd" and "fast" may both be sgd, with other settings.
struct Variant {
  std::string name;
  /// One of optimizer_names().
  std::string optimizer;
};

/// An option of the optimizers that is given explicitly.
struct OptimizerOverride {
  /// One of optimizer_options(), by name.
  std::string option;
  std::string value;
  /// The variant or the optimizer that it is meant for; empty for all.
  std::string name = {};
};

using OptimizerOverrides = std::vector<OptimizerOverride>;

/// The overrides that an option's text stands for: "0.1" for all, or "sgd=0.01,fast=0.1". Throws
/// UsageError for what is no value of the option.
OptimizerOverrides parse_overrides(const std::string& option, const std::string& text);

/// Throws UsageError for an override that applies to none of `variants`.
void check_overrides(const OptimizerOverrides& overrides, const std::vector<Variant>& variants);

/// default_settings(variant.optimizer, paper) with the overrides that concern the variant: those
/// under its own name go before those under its optimizer's, unless that is the name of another of
/// `variants`, and these before those for all. Throws UsageError for options that contradict each
/// other.
OptimizerSettings resolve_settings(const Variant& variant, const std::vector<Variant>& variants,
                                   bool paper, const OptimizerOverrides& overrides);

/// The settings of an optimizer that is the only one.
OptimizerSettings resolve_settings(const std::string& optimizer, bool paper,
                                   const OptimizerOverrides& overrides);

/// A sentence for each override that changes nothing in any of `variants`, whose settings are
/// `settings`: "--np.orthogonal-lambda has no effect: orthogonal_residual is false".
std::vector<std::string> idle_overrides(const OptimizerOverrides& overrides,
                                        const std::vector<Variant>& variants,
                                        const std::vector<OptimizerSettings>& settings);

}  // namespace plastic::apps
