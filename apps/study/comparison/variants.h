#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "apps/training/optimizer_options.h"
#include "apps/training/optimizer_overrides.h"

namespace plastic::apps {

/// Reads "sgd,fast=sgd": optimizers, each under its own name or another. Throws UsageError for an
/// unknown optimizer, a name that is given twice, and one that cannot name a folder.
std::vector<Variant> parse_variants(const std::string& text);

/// Whether a variant may be called so: letters, digits, - _ and ., 64 at most.
bool is_variant_name(std::string_view text);

/// For each of `all`, the settings in which they are not all the same: "lr 0.1, momentum 0"; empty
/// where all are the same. A setting that one of them lacks is left out of its text.
std::vector<std::string> differences(std::span<const Settings> all);

/// How a table calls the variants: by name and, where several are of one optimizer, by what differs
/// among these: "sgd (lr 0.01)", "fast (sgd, lr 0.1)".
std::vector<std::string> variant_labels(std::span<const Variant> variants,
                                        std::span<const OptimizerSettings> settings);

}  // namespace plastic::apps
