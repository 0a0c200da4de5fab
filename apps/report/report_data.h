#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "apps/report/metrics_reader.h"
#include "apps/study/comparison/comparison.h"
#include "apps/study/comparison/variants.h"
#include "apps/training/divergence.h"

namespace plastic::apps {

struct ReportRun {
  std::filesystem::path folder;
  /// Where known, no two runs of a group have the same.
  std::optional<std::uint64_t> seed;
  RunEnd end = RunEnd::finished;
  /// How many it was to have; 0 where unknown.
  int planned_epochs = 0;
  /// Those done; none where it diverged in the first.
  std::vector<EpochRecord> epochs;
  std::optional<Divergence> divergence = {};
};

/// Runs that differ only in their seed.
struct ReportGroup {
  /// The name in a comparison, the optimizer where that is known, else the folder.
  std::string name;
  /// The optimizer behind the name.
  std::string optimizer;
  /// `name` and what tells it from others; unique in a table.
  std::string label = {};
  /// The optimizer's settings on one line; empty where unknown.
  std::string description = {};
  Settings settings = {};
  /// None where a comparison lists what was not run yet.
  std::vector<ReportRun> runs = {};
  /// How many there are to be; 0 where unknown.
  std::size_t planned = 0;
};

/// Groups whose numbers may be compared: of one data set, network and length.
struct ReportTable {
  /// The data set; empty where unknown.
  std::string data;
  /// "mlp 256-256, 10 epochs".
  std::string conditions;
  std::vector<ReportGroup> groups;
};

/// What is known of one folder's configuration, for others to read: without places on the machine.
struct ReportSource {
  std::string name;
  std::vector<std::pair<std::string, std::string>> facts;
  /// The settings of its config.toml; empty where there is none.
  std::string config;
};

struct ReportData {
  /// The data sets where known, else the first folder.
  std::string title;
  std::vector<ReportTable> tables;
  std::vector<ReportSource> sources;
  /// What was left out and why, a sentence each.
  std::vector<std::string> remarks;
};

/// Reads what `plastic train` and `plastic compare` left in these folders: a folder with a
/// metrics.jsonl or a diverged.json is one run, any other the home of the runs in the folders below
/// it, whose compare.json gives their order and says which of them belong to it. A folder given
/// twice counts once, and a report among them is passed over. Throws Error naming the file that is
/// missing or cannot be understood.
ReportData read_runs(const std::vector<std::filesystem::path>& folders);

/// Whether `path` is a report that this program wrote.
bool is_report(const std::filesystem::path& path);

}  // namespace plastic::apps
