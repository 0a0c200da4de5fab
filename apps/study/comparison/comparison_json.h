#pragma once

#include <cstdint>
#include <filesystem>
#include <set>
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
  /// How many runs went side by side while its seconds were measured; several numbers where it was
  /// continued with another.
  std::set<int> jobs = {1};
};

/// The content of compare.json: how the runs were made, the table's numbers, the conclusion.
std::string comparison_json(const ComparisonState& state);

/// ComparisonState::jobs of the compare.json at `path`; {1} where it does not say, as those of
/// older programs. Throws Error naming the file where it is damaged.
std::set<int> jobs_of_comparison(const std::filesystem::path& path);

/// "Seconds were measured with 2 runs side by side, with a thread each."; empty where one run
/// followed the other.
std::string seconds_sentence(const std::set<int>& jobs);

std::filesystem::path comparison_path(const std::filesystem::path& folder);

}  // namespace plastic::apps
