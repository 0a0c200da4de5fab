#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "apps/cli/option_table.h"
#include "apps/study/comparison/variants.h"
#include "apps/study/search.h"

namespace plastic::apps {

/// An option of `plastic train` in a study's file, with the values that it takes in turn.
struct GridOption {
  const Option* option = nullptr;
  /// One, or several for a grid; each as the command line has it, and tried.
  std::vector<std::string> values = {};
  int line = 0;
};

/// How the trials of a search are compared: by their mean over the tuning seeds, after the last
/// epoch, on the validation part.
enum class TuningGoal { accuracy, loss };

/// What the file of a study says, before the runs are made from it.
struct StudyFile {
  struct Task {
    std::string name;
    std::vector<GridOption> options = {};
    /// Test accuracies, fractions, to be reached; where there are none, those of the study.
    std::vector<double> targets = {};
    int line = 0;
  };
  struct VariantEntry {
    Variant variant;
    std::vector<GridOption> options = {};
    int line = 0;
  };
  struct Search {
    /// A variant's name, or an optimizer's: then for all its variants without a search of their
    /// own.
    std::string name;
    SearchSpace space = {};
    int line = 0;
  };
  struct Tuning {
    int trials = 0;
    std::vector<std::uint64_t> seeds = {};
    /// Which shift of the quasi-random sequence.
    std::uint64_t sequence = 0;
    TuningGoal goal = TuningGoal::accuracy;
    int line = 0;
  };

  /// What messages call it.
  std::string path;
  /// Its content.
  std::string text;
  std::string description;
  /// Those that hold for all runs.
  std::vector<GridOption> options;
  /// Without any, the options above say what is trained on what.
  std::vector<Task> tasks;
  std::vector<VariantEntry> variants;
  std::vector<Search> searches;
  Tuning tuning;
  std::vector<std::uint64_t> seeds;
  /// The variant with which the others are compared.
  std::string reference;
  std::vector<double> targets;

  /// Throws UsageError: "FILE: line 3: lr: WHAT".
  [[noreturn]] void refuse(int line, const std::string& key, const std::string& what) const;
};

/// Reads the file of a study; docs/studies.md describes it. Throws UsageError naming file, line and
/// key for what cannot be meant.
StudyFile parse_study_file(const std::string& path, std::string_view text);

/// Throws Error, too, where the file cannot be read.
StudyFile read_study_file(const std::filesystem::path& path);

/// "1,2,7", "101..120" or both, as a list of seeds. Throws UsageError, also for one that is there
/// twice.
std::vector<std::uint64_t> parse_seed_list(const std::vector<std::string>& parts);

}  // namespace plastic::apps
