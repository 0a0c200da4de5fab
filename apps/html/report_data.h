#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "apps/divergence.h"
#include "apps/html/metrics_reader.h"

namespace plastic::apps {

struct ReportRun {
  std::filesystem::path folder;
  /// Where known, no two runs of a group have the same.
  std::optional<std::uint64_t> seed;
  /// Those done; none where it diverged in the first.
  std::vector<EpochRecord> epochs;
  std::optional<Divergence> divergence = {};
};

/// Runs that differ only in their seed.
struct ReportGroup {
  /// The optimizer where known, else the folder; unique in a report.
  std::string name;
  /// The optimizer's settings on one line; empty where unknown.
  std::string settings;
  std::vector<ReportRun> runs;
};

/// What is known of one folder's configuration.
struct ReportSource {
  std::filesystem::path folder;
  std::vector<std::pair<std::string, std::string>> facts;
  /// The text of its config.toml; empty where there is none.
  std::string config;
};

struct ReportData {
  /// The data set where known, else the first folder.
  std::string title;
  std::vector<ReportGroup> groups;
  std::vector<ReportSource> sources;
};

/// Reads what `plastic train` and `plastic compare` left in these folders: a folder with a
/// metrics.jsonl is one run, any other the home of the runs in the folders below it, whose
/// compare.json gives their order and their settings. A folder given twice counts once. Throws
/// Error naming the file that is missing or cannot be understood.
ReportData read_runs(const std::vector<std::filesystem::path>& folders);

}  // namespace plastic::apps
