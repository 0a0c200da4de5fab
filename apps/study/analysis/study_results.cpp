#include "apps/study/analysis/study_results.h"

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "apps/runs/run_files.h"
#include "apps/study/journal.h"

namespace plastic::apps {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view copy_head = "# The study in this folder: plastic study THIS-FILE\n";

bool is_there(const fs::path& path) {
  std::error_code error;
  return fs::exists(fs::symlink_status(path, error));
}

/// paper-mnist for paper-mnist.toml; for the copy in a study's folder, the folder's name.
std::string title_of(const fs::path& file) {
  if (file.filename() != study_file) return file.stem().string();
  std::error_code error;
  const fs::path folder = fs::absolute(file, error).parent_path();
  return error || folder.filename().empty() ? "study" : folder.filename().string();
}

OptionScale scale_of(SearchDimension::Kind kind) {
  switch (kind) {
    case SearchDimension::Kind::uniform:
    case SearchDimension::Kind::integer:
      return OptionScale::linear;
    case SearchDimension::Kind::log:
    case SearchDimension::Kind::integer_log:
      return OptionScale::logarithmic;
    case SearchDimension::Kind::choices:
      break;
  }
  return OptionScale::from_values;
}

}  // namespace

StudyPlan read_study_plan(const fs::path& path) {
  StudyFile file = read_study_file(path);
  if (file.text.starts_with(copy_head)) file.text.erase(0, copy_head.size());
  return StudyPlan(std::move(file));
}

fs::path study_copy_path(const fs::path& folder) { return folder / study_file; }

void write_study_copy(const StudyPlan& plan, const fs::path& folder) {
  write_run_file(study_copy_path(folder), std::string(copy_head) + plan.file().text);
}

bool holds_study(const fs::path& folder) {
  return is_there(study_results_path(folder)) || is_there(study_copy_path(folder)) ||
         is_there(folder / journal_file);
}

StudyAnalysis analyse_study(const StudyPlan& plan, std::span<const StudyRecord> records) {
  std::vector<StudyRun> runs;
  for (const StudyRecord& record : records) runs.push_back(record.run);
  // The analysis has variants in the order in which it meets them, and not all have trials.
  std::ranges::stable_sort(runs, std::ranges::greater(), &StudyRun::phase);
  AnalysisOptions options{.title = title_of(plan.file().path)};
  const std::string& reference = plan.variants()[plan.reference()].name;
  if (std::ranges::find(runs, reference, &StudyRun::variant) != runs.end()) {
    options.reference = reference;
  }
  for (const StudyTask& task : plan.tasks()) {
    if (!task.targets.empty()) options.targets[task.name] = task.targets;
  }
  options.is_tuned_by_loss = plan.file().tuning.goal == TuningGoal::loss;
  for (const StudyVariant& variant : plan.variants()) {
    for (const SearchDimension& one : variant.space) {
      options.scales[{variant.name, one.option->name}] = scale_of(one.kind);
    }
  }
  return analyse(runs, options);
}

void remove_study_files(const fs::path& folder) {
  for (const fs::path& path : {study_results_path(folder), study_timings_path(folder),
                               study_journal_path(folder), study_copy_path(folder),
                               folder / summary_file, folder / times_file, folder / report_file}) {
    remove_run_file(path);
  }
}

void write_study_results(const StudyAnalysis& analysis, const fs::path& folder) {
  write_run_file(folder / summary_file, study_json(analysis));
  write_run_file(folder / times_file, study_times_json(analysis));
  write_study_report(analysis, folder / report_file);
}

}  // namespace plastic::apps
