#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "apps/study/search.h"
#include "apps/study/study_file.h"

namespace plastic::apps {

/// Options of `plastic train` with their values, as the command line gives them.
using GivenValues = std::vector<std::pair<const Option*, std::string>>;

/// A search for the settings of one optimizer.
struct TuningRequest {
  std::string optimizer = "neuroplastic";
  /// Those that hold for all runs. Without "validation", a fifth is set aside.
  GivenValues given = {};
  SearchSpace space = {};
  int trials = 20;
  /// The seeds of the trials, and of the runs that test what was chosen.
  std::vector<std::uint64_t> tuning_seeds = {1001, 1002};
  std::vector<std::uint64_t> seeds = {41, 42, 43};
  TuningGoal goal = TuningGoal::accuracy;
};

/// The file of the study that is this search. Throws UsageError where an option is both given and
/// searched.
std::string tuning_study_text(const TuningRequest& request);

/// The command that carries it out; `more` are further words of it: "--out runs/adamw".
std::string tune_command(const TuningRequest& request, const std::string& more = "");

/// The command that trains once with the settings chosen: "plastic train --data digits --optimizer
/// adamw --lr 0.004".
std::string train_command(const std::string& optimizer, const GivenValues& given,
                          const Settings& chosen);

}  // namespace plastic::apps
