#include "apps/study/study_view.h"

#include <algorithm>
#include <chrono>
#include <vector>

#include "apps/cli/values.h"
#include "apps/terminal/progress.h"
#include "apps/terminal/terminal_text.h"

namespace plastic::apps {
namespace {

std::string text_of(const Settings& settings) {
  std::vector<std::string> parts;
  for (const auto& [name, value] : settings) parts.push_back(name + " " + value);
  return join(parts);
}

std::string end_text(const StudyRecord& record) {
  const StudyRun& run = record.run;
  if (run.end == RunEnd::diverged) return "diverged: " + run.message;
  if (run.end == RunEnd::unfinished) return "failed: " + printable(run.message);
  std::string text;
  if (!run.validation_accuracy.empty()) {
    text += "validation " + format_percent(run.validation_accuracy.back()) + "  ";
  }
  return text + "test " + format_percent(run.test_accuracy.back()) + "  " +
         format_fixed(record.wall_seconds, 2) + " s";
}

}  // namespace

double seconds_left(const StudyPlan& plan, const StudyExecution& execution,
                    const StudyEstimate& estimate, StudyPhase phase) {
  double seconds = 0.0;
  for (std::size_t i = 0; i < plan.runs().size(); ++i) {
    const PlannedRun& run = plan.runs()[i];
    if (!execution.is_left(i) || run.phase != phase) continue;
    seconds += estimate.seconds(run.task, run.variant);
  }
  return seconds;
}

StudyView::StudyView(const StudyPlan& plan, const StudyExecution& execution, int jobs)
    : plan_(plan), execution_(execution), jobs_(jobs) {}

std::string StudyView::name_of(std::size_t run) const {
  const PlannedRun& planned = plan_.runs()[run];
  const bool is_trial = planned.phase == StudyPhase::tuning;
  return plan_.variants()[planned.variant].name +
         (is_trial ? " trial " + std::to_string(planned.trial) : "") + " seed " +
         std::to_string(planned.seed) + " on " + plan_.tasks()[planned.task].name;
}

void StudyView::on_start(std::size_t run) {
  const PlannedRun& planned = plan_.runs()[run];
  running_[run] = {.name = name_of(run), .epochs = plan_.data_options(planned.task).run.epochs};
}

void StudyView::on_progress(std::size_t run, const WorkerProgress& progress) {
  running_[run].progress = progress;
}

void StudyView::on_end(std::size_t run, const StudyRecord& record) {
  running_.erase(run);
  if (lines_.is_terminal() && record.run.end == RunEnd::finished) return;
  lines_.print("[" + std::to_string(execution_.done_count()) + "/" +
               std::to_string(plan_.runs().size()) + "] " + name_of(run) + "  " + end_text(record));
}

void StudyView::on_choice(std::size_t task, std::size_t variant, std::optional<int> trial) {
  const std::string& name = plan_.variants()[variant].name;
  const std::string place = " on " + plan_.tasks()[task].name + ": ";
  if (!trial) {
    lines_.print("nothing chosen: " + name + place +
                 "no run of its trials has finished, and its verdict is left out");
    return;
  }
  lines_.print("chosen: " + name + place + text_of(plan_.trial(variant, *trial)) + " (trial " +
               std::to_string(*trial) + ")");
}

double StudyView::seconds_left() const {
  double seconds =
      apps::seconds_left(plan_, execution_, execution_.estimate(), StudyPhase::tuning) +
      apps::seconds_left(plan_, execution_, execution_.estimate(), StudyPhase::verdict);
  for (const auto& [number, run] : running_) {
    const PlannedRun& planned = plan_.runs()[number];
    // What it has done of its time is over.
    seconds -= std::min(run.stopwatch.seconds(),
                        execution_.estimate().seconds(planned.task, planned.variant));
  }
  return seconds / jobs_;
}

void StudyView::on_idle() {
  if (!lines_.due()) return;
  std::string head = std::to_string(execution_.done_count()) + " of " +
                     std::to_string(plan_.runs().size()) + " runs done";
  for (const auto& [end, what] :
       {std::pair(RunEnd::diverged, "diverged"), std::pair(RunEnd::unfinished, "failed")}) {
    const std::size_t count = execution_.count(end);
    if (count > 0) head += ", " + std::to_string(count) + " " + what;
  }
  if (!execution_.estimate().is_empty()) head += "; " + format_duration(seconds_left()) + " left";
  std::vector<std::string> block = {head};
  for (const auto& [number, run] : running_) block.push_back(running_line(run));
  lines_.draw(block);
}

}  // namespace plastic::apps
