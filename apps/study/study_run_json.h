#pragma once

#include <filesystem>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "apps/study/study_run.h"

namespace plastic::apps {

/// A line of results.jsonl: a flat JSON object, with the line's end. Conditions stand under the
/// options' names, settings under "option.NAME", what a search drew under "tuned.NAME", curves as
/// lists by epoch. A number that is not finite is null. `seconds` is left out.
std::string study_run_line(const StudyRun& run);

/// The run of such a line. Throws Error saying what is wrong with it.
StudyRun parse_study_run(std::string_view line);

/// A run with what it took.
struct StudyRecord {
  StudyRun run;
  /// From its beginning to its end, evaluation and loading included; NaN where unknown.
  double wall_seconds = std::numeric_limits<double>::quiet_NaN();
};

/// A line of timings.jsonl: which run, its seconds by epoch, and in all.
std::string study_timing_line(const StudyRecord& record);
/// Takes the times from such a line. Throws Error.
void read_study_times(std::string_view line, StudyRecord& record);
/// The part of a line of timings that says which run it is of.
std::string_view study_timing_key(std::string_view line);

/// The runs of a file of results, without times. Throws Error naming the file and the line.
std::vector<StudyRun> read_study_runs(const std::filesystem::path& path);

/// What tells a run from the others of its study: "sgd on mnist mlp, seed 41", "trial 3 of sgd on
/// mnist mlp, seed 1".
std::string name_of(const StudyRun& run);

}  // namespace plastic::apps
