// The runs of a comparison in processes of their own.
#include <algorithm>
#include <map>
#include <sstream>
#include <vector>

#include "apps/runs/metrics.h"
#include "apps/study/comparison/compared_runs.h"
#include "apps/study/running_lines.h"
#include "apps/study/workers.h"
#include "apps/terminal/live_lines.h"
#include "apps/terminal/progress.h"
#include "apps/training/interrupt.h"
#include "apps/training/stopwatch.h"
#include "core/check.h"

namespace plastic::apps {
namespace {

// For children that were asked to end: as long as steps usually take, and the writing of a
// checkpoint.
constexpr double seconds_to_save = 5.0;

// What is left of a comparison that runs side by side, drawn beneath its lines.
class View {
 public:
  View(std::int64_t steps, std::size_t runs) : steps_(steps), runs_(runs) {}

  void print(const std::string& line) { lines_.print(line); }
  void begin(std::size_t id, const RunningRun& run, std::int64_t steps_an_epoch, int epochs_done) {
    running_[id] = {run, steps_an_epoch, epochs_done};
  }
  void come_forward(std::size_t id, const WorkerProgress& progress) {
    running_.at(id).run.progress = progress;
  }
  void end(std::size_t id, std::int64_t steps) {
    running_.erase(id);
    steps_done_ += steps;
  }

  void draw(std::size_t ended) {
    if (!lines_.due()) return;
    std::int64_t done = steps_done_;
    for (const auto& [id, one] : running_) done += one.steps_done();
    std::string head = std::to_string(ended) + " of " + std::to_string(runs_) + " runs done";
    if (done > 0) {
      const double left = static_cast<double>(steps_ - done) / static_cast<double>(done);
      head += "; " + format_duration(stopwatch_.seconds() * left) + " left";
    }
    std::vector<std::string> block = {head};
    for (const auto& [id, one] : running_) block.push_back(running_line(one.run));
    lines_.draw(block);
  }

 private:
  struct Running {
    RunningRun run;
    std::int64_t steps_an_epoch = 0;
    int epochs_done = 0;

    std::int64_t steps_done() const {
      const WorkerProgress& now = run.progress;
      return now.epoch == 0 ? 0 : (now.epoch - 1 - epochs_done) * steps_an_epoch + now.step;
    }
  };

  LiveLines lines_;
  Stopwatch stopwatch_;
  std::int64_t steps_;
  std::size_t runs_;
  std::int64_t steps_done_ = 0;
  std::map<std::size_t, Running> running_;
};

}  // namespace

// A line with the end, one with why, and the epochs as metrics.jsonl has them, whose numbers come
// back to the bit.
std::string ComparedRuns::outcome_text(const Outcome& outcome) {
  std::string text = std::string(run_end_names[static_cast<std::size_t>(outcome.end)]) + "\n" +
                     outcome.where + "\n";
  for (const EpochResult& result : outcome.results) text += metrics_line(result);
  return text;
}

ComparedRuns::Outcome ComparedRuns::parse_outcome(const std::string& text) {
  Outcome outcome;
  std::istringstream lines(text);
  std::string end;
  std::getline(lines, end);
  std::getline(lines, outcome.where);
  outcome.end = static_cast<RunEnd>(std::ranges::find(run_end_names, end) - run_end_names.begin());
  for (std::string line; std::getline(lines, line);) {
    outcome.results.push_back(parse_metrics_line(line));
  }
  return outcome;
}

void ComparedRuns::run_side_by_side(int jobs, const std::function<void()>& on_run) {
  constexpr int milliseconds = 100;
  std::int64_t steps = 0;
  for (const Planned& run : plan_) steps += steps_left(run);
  View view(steps, plan_.size());
  for (const Planned& run : plan_) {
    if (run.end) view.print(label_of(run) + end_text(*run.end) + "  (done before)");
  }
  Workers workers(jobs);
  // The runs under way save what they have done, and those that come to their end count. What there
  // is to say of the others.
  const auto let_save = [&]() -> std::string {
    if (options_.out.empty()) return "";
    workers.interrupt();
    const Stopwatch stopwatch;
    while (!workers.is_idle() && stopwatch.seconds() < seconds_to_save) {
      for (const WorkerEvent& event : workers.wait(milliseconds)) {
        if (!event.has_ended || !event.failure.empty()) continue;
        view.print(note(plan_[event.id], parse_outcome(event.result)));
        on_run();
      }
    }
    return workers.is_idle() ? ""
                             : ", of which those within a long step go back to their last epoch";
  };
  std::size_t next = 0;
  while (true) {
    if (interrupted()) {
      if (workers.is_idle()) throw Interrupted("interrupted between two runs");
      throw Interrupted("interrupted with runs under way" + let_save());
    }
    for (; next < plan_.size() && !workers.is_full(); ++next) {
      const Planned& run = plan_[next];
      if (run.end) continue;
      workers.start(next,
                    [&](WorkerObserver& observer) { return outcome_text(run_one(run, observer)); });
      view.begin(next,
                 {.name = rows_[run.row].name + " seed " + std::to_string(run.seed),
                  .epochs = run.config.epochs},
                 steps_per_epoch(options_.run.run, data_.train), run.epochs_done);
    }
    if (workers.is_idle()) return;
    for (const WorkerEvent& event : workers.wait(milliseconds)) {
      if (!event.has_ended) {
        view.come_forward(event.id, event.progress);
        continue;
      }
      Planned& run = plan_[event.id];
      // The others are under way to where they can be continued from.
      if (!event.failure.empty()) {
        let_save();
        fail("compare", rows_[run.row].name, " seed ", run.seed, ": ", event.failure);
      }
      view.end(event.id, steps_left(run));
      view.print(note(run, parse_outcome(event.result)));
      on_run();
    }
    view.draw(ended_count());
  }
}

}  // namespace plastic::apps
