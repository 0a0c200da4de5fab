#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "apps/cli/run_options.h"
#include "apps/study/comparison/comparison.h"
#include "apps/study/comparison/variants.h"

namespace plastic::apps {

/// What a comparison is of, and how far it is.
struct ComparisonState {
  /// How the runs are made; their optimizers and seeds are not used.
  const RunOptions& options;
  std::span<const std::uint64_t> seeds;
  std::span<const Variant> variants;
  /// One for each variant, and so are `rows`.
  std::span<const OptimizerSettings> settings;
  std::span<const OptimizerRuns> rows;
};

/// The content of compare.json: how the runs were made, the table's numbers, the conclusion.
std::string comparison_json(const ComparisonState& state);

std::filesystem::path comparison_path(const std::filesystem::path& folder);

}  // namespace plastic::apps
