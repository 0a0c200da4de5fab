#include "apps/runs/tensorboard_log.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "apps/cli/config_reader.h"
#include "apps/runs/run_file_names.h"

namespace plastic::apps {
namespace {

constexpr std::int64_t losses_per_epoch = 50;

// As a table in Markdown.
std::string config_table(const std::vector<ConfigEntry>& entries) {
  std::string text = "| option | value |\n| --- | --- |\n";
  for (const ConfigEntry& entry : entries) {
    // Between backquotes Markdown changes nothing; a bar would still end the cell.
    std::string value = entry.value;
    for (std::size_t at = 0; (at = value.find('|', at)) != std::string::npos; at += 2) {
      value.insert(at, "\\");
    }
    text += "| " + entry.key + " | `" + value + "` |\n";
  }
  return text;
}

}  // namespace

TensorBoardLog::TensorBoardLog(const SavedRunOptions& saved, const std::optional<Checkpoint>& start,
                               TrainingObserver& observer)
    : file_(saved.folder), observer_(observer) {
  if (start) steps_done_ = apps::steps_done(start->state);
  // What earlier files say of step 0 is said again below.
  file_.restart(steps_done_ == 0 ? 0 : steps_done_ + 1);
  const std::vector<ConfigEntry> config = parse_config(config_file, saved.config);
  std::vector<std::pair<std::string, std::string>> settings;
  for (const ConfigEntry& entry : config) settings.emplace_back(entry.key, entry.value);
  file_.add_settings(settings);
  file_.add_text(steps_done_, "config", config_table(config));
}

bool TensorBoardLog::wants_batch_loss(std::int64_t step, std::int64_t steps) const {
  const std::int64_t interval = (steps + losses_per_epoch - 1) / losses_per_epoch;
  return step == 1 || step % interval == 0 || observer_.wants_batch_loss(step, steps);
}

void TensorBoardLog::on_step(const StepResult& step) {
  steps_done_ = (step.epoch - 1) * step.steps + step.step;
  if (step.batch_loss && wants_batch_loss(step.step, step.steps)) {
    const EventScalar loss[] = {{"loss/batch", *step.batch_loss}};
    file_.add_scalars(steps_done_, loss);
  }
  observer_.on_step(step);
}

void TensorBoardLog::on_epoch(const EpochResult& result) {
  std::vector<EventScalar> scalars = {{"epoch", result.epoch},
                                      {"loss/train", result.train_loss},
                                      {"accuracy/train", result.train_accuracy}};
  if (result.validation_loss) scalars.emplace_back("loss/validation", *result.validation_loss);
  if (result.validation_accuracy) {
    scalars.emplace_back("accuracy/validation", *result.validation_accuracy);
  }
  scalars.emplace_back("loss/test", result.test_loss);
  scalars.emplace_back("accuracy/test", result.test_accuracy);
  scalars.emplace_back("seconds", result.seconds);
  scalars.emplace_back("images_per_second", result.images_per_second);
  scalars.emplace_back("learning_rate", result.learning_rate);
  for (const auto& [name, value] : result.diagnostics) {
    scalars.emplace_back("diagnostics/" + name, value);
  }
  file_.add_scalars(steps_done_, scalars);
  // The epoch counts once its checkpoint is on the disk, which is written next.
  file_.flush();
  observer_.on_epoch(result);
}

TrainingObserver& logged(std::optional<TensorBoardLog>& log, const SavedRunOptions& saved,
                         const std::optional<Checkpoint>& start, TrainingObserver& observer) {
  if (!saved.tensorboard) return observer;
  return log.emplace(saved, start, observer);
}

}  // namespace plastic::apps
