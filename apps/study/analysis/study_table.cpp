// The terminal's view of an analysis.
#include <algorithm>
#include <cmath>

#include "apps/cli/values.h"
#include "apps/study/analysis/analysis.h"
#include "apps/study/analysis/study_words.h"
#include "apps/study/comparison/verdict.h"
#include "apps/terminal/progress.h"

namespace plastic::apps {
namespace {

// Lost runs that are named one by one.
constexpr std::size_t max_named = 20;

std::string accuracy_text(const SeedStatistics& statistics) {
  if (statistics.values.empty()) return "-";
  const std::string text = format_fixed(100.0 * statistics.mean, 2);
  if (!statistics.interval.is_known()) return text;
  return text + " [" + format_fixed(100.0 * statistics.interval.low, 2) + ", " +
         format_fixed(100.0 * statistics.interval.high, 2) + "]";
}

std::string loss_text(const SeedStatistics& statistics) {
  return statistics.values.empty() ? "-" : format_fixed(statistics.mean, 4);
}

std::string target_text(const TargetStatistics& target) {
  if (std::isinf(target.median_steps)) return "-";
  return format_fixed(target.median_steps, 0);
}

std::string reached_text(const TargetStatistics& target) {
  return std::to_string(target.reached) + " of " + std::to_string(target.runs);
}

std::string seconds_text(double seconds) {
  return std::isfinite(seconds) ? format_fixed(seconds, 2) : "-";
}

using Column = std::vector<std::string>;

// Columns as wide as what is in them, two blanks apart.
std::string aligned(const std::vector<Column>& columns) {
  std::string text;
  for (std::size_t row = 0; row < columns.front().size(); ++row) {
    std::string line;
    for (const Column& column : columns) {
      std::size_t width = 0;
      for (const std::string& cell : column) width = std::max(width, cell.size());
      line += pad(column[row], static_cast<int>(width) + 2);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

std::string task_table(const TaskAnalysis& task, bool has_times) {
  Column name = {"variant"}, accuracy = {"test accuracy, % [95%]"}, best = {"at best validation"},
         loss = {"test loss"}, difference = {"points vs first [95%]"}, won = {"seeds won"},
         p = {"p"}, reached = {"to target"}, steps = {"steps"}, seconds = {"seconds"},
         run_seconds = {"s per run"}, note = {""};
  for (const VariantAnalysis& variant : task.variants) {
    name.push_back(variant.variant);
    accuracy.push_back(accuracy_text(variant.final_accuracy));
    best.push_back(accuracy_text(variant.best_accuracy));
    loss.push_back(loss_text(variant.final_loss));
    if (variant.versus_reference) {
      const VersusFirst& versus = *variant.versus_reference;
      difference.push_back(versus.pairs == 0 ? "-" : difference_text(versus.mean, versus.interval));
      won.push_back(std::to_string(versus.wins) + " of " + std::to_string(versus.seeds()));
      p.push_back(p_text(versus.adjusted_p));
    } else {
      difference.emplace_back("(first)");
      won.emplace_back();
      p.emplace_back();
    }
    const TargetStatistics target =
        variant.to_target.empty() ? TargetStatistics{} : variant.to_target.front();
    reached.push_back(reached_text(target));
    steps.push_back(target_text(target));
    seconds.push_back(seconds_text(target.median_seconds));
    run_seconds.push_back(seconds_text(variant.seconds.mean));
    note.push_back(lost_text(variant));
  }
  std::vector<Column> columns = {name, accuracy};
  if (task.has_validation) columns.push_back(best);
  columns.insert(columns.end(), {loss, difference, won, p});
  if (!task.targets.empty()) columns.insert(columns.end(), {reached, steps});
  if (has_times && !task.targets.empty()) columns.push_back(seconds);
  if (has_times) columns.push_back(run_seconds);
  columns.push_back(note);
  return aligned(columns);
}

std::string tuning_text(const TuningAnalysis& tuning) {
  std::string text = "  " + tuning.variant + ": " + std::to_string(tuning.trials) +
                     (tuning.trials == 1 ? " trial" : " trials");
  if (tuning.lost > 0) text += ", " + std::to_string(tuning.lost) + " lost";
  std::vector<std::string> points;
  for (const BudgetPoint& point : tuning.by_budget) {
    const bool is_shown = (point.trials & (point.trials - 1)) == 0 ||
                          point.trials == static_cast<int>(tuning.by_budget.size());
    if (!is_shown) continue;
    points.push_back(format_percent(point.mean) + " with " + std::to_string(point.trials));
  }
  if (!points.empty()) text += "; expected test accuracy " + join(points);
  return text + "\n";
}

std::string lost_runs(const TaskAnalysis& task) {
  std::string text;
  for (std::size_t i = 0; i < std::min(max_named, task.lost.size()); ++i) {
    const LostRun& run = task.lost[i];
    text += "  " + run.variant;
    if (run.phase == StudyPhase::tuning) text += ", trial " + std::to_string(run.trial);
    text += ", seed " + std::to_string(run.seed) +
            (run.end == RunEnd::diverged ? ": diverged" : ": failed");
    text += (run.message.empty() ? "" : ": " + run.message) + "\n";
  }
  if (task.lost.size() > max_named) {
    text += "  and " + std::to_string(task.lost.size() - max_named) + " more\n";
  }
  return text;
}

std::string target_line(const TaskAnalysis& task) {
  if (task.targets.empty()) return "";
  return "Target: " + format_percent(task.targets.front()) + " test accuracy" +
         (task.has_own_target
              ? ", which the first variant has at the end in more than half of its seeds"
              : "") +
         "; steps are medians over the seeds, to the end of the epoch.\n";
}

}  // namespace

std::string study_table(const StudyAnalysis& analysis, bool has_times) {
  std::string text;
  for (const TaskAnalysis& task : analysis.tasks) {
    text += task.task + "\n";
    if (!task.variants.empty()) {
      text += task_table(task, has_times) + target_line(task);
      if (const std::string missing = missing_intervals(task); !missing.empty()) {
        text += missing + "\n";
      }
    }
    if (!task.tuning.empty()) text += "Tuning, chosen by validation:\n";
    for (const TuningAnalysis& tuning : task.tuning) text += tuning_text(tuning);
    if (!task.lost.empty()) text += "Lost runs:\n" + lost_runs(task);
    text += task.conclusion + "\n\n";
  }
  if (analysis.tasks.size() != 1) text += analysis.conclusion + "\n";
  return text;
}

}  // namespace plastic::apps
