// Runs that a signal ends in the midst of an epoch, and that go on from there.
#include "apps/interrupt.h"

#include <doctest/doctest.h>
#include <signal.h>

#include <filesystem>
#include <string>

#include "apps/config_file.h"
#include "apps/saved_run.h"
#include "apps/schedules.h"
#include "plastic/core/device.h"
#include "plastic/data/digits.h"
#include "tests/apps/program.h"

using namespace plastic::apps;
using namespace plastic::tests;
namespace fs = std::filesystem;

namespace {

// Eight steps an epoch, the last one of a short batch.
const plastic::data::DatasetPair& digits() {
  static const auto data = plastic::data::digits({.train_size = 235, .test_size = 40});
  return data;
}

// Presses Ctrl-C during a run's step number `at`, counted from where it begins; never for 0.
class CtrlC : public TrainingObserver {
 public:
  explicit CtrlC(int at) : left_(at) {}
  void on_step(const StepResult&) override {
    if (--left_ == 0) raise(SIGINT);
  }

 private:
  int left_;
};

SavedRunOptions saved(const fs::path& folder, const TrainConfig& config) {
  return {.folder = folder,
          .config = config_text({.data = "digits", .data_dir = {}, .threads = 2}, config),
          .epochs = config.epochs,
          .keep_best = true};
}

// Goes on with the run in `folder` for `steps` steps, or to its end for 0; whether it got there.
bool go_on(const fs::path& folder, const TrainConfig& config, int steps) {
  const SavedRunOptions options = saved(folder, config);
  CtrlC observer(steps);
  Training training(config, digits(), observer);
  const InterruptGuard guard;
  try {
    run_saved(options, training, resume_folder(options));
    return true;
  } catch (const Interrupted&) {
    return false;
  }
}

}  // namespace

TEST_CASE("apps.interrupt.goes_on_within_an_epoch") {
  const TrainConfig base{.hidden = {{24}}, .dropout = 0.3, .epochs = 3, .batch_size = 32};
  int count = 0;
  for (const std::string& optimizer : optimizer_names()) {
    for (const LrSchedule schedule :
         {LrSchedule::constant, LrSchedule::cosine, LrSchedule::one_cycle}) {
      CAPTURE(optimizer);
      CAPTURE(name_of(schedule));
      TrainConfig config = base;
      config.optimizer = default_settings(optimizer, true);
      config.optimizer.plasticity.diagnostics = is_neuroplastic(optimizer);
      config.schedule = schedule;
      config.warmup_epochs = schedule == LrSchedule::cosine ? 1 : 0;
      config.prefetch_threads = ++count % 3;
      const TemporaryFolder folder;
      for (const char* name : {"whole", "parts"}) {
        fs::create_directory(folder.path() / name);
        start_folder(folder.path() / name, saved(folder.path() / name, config).config);
      }
      REQUIRE(go_on(folder.path() / "whole", config, 0));
      // Five steps at a time stop at every place of an epoch but some.
      int parts = 1;
      while (!go_on(folder.path() / "parts", config, 5)) {
        const auto checkpoint = load_checkpoint(folder.path() / "parts");
        REQUIRE(checkpoint);
        const std::int64_t epochs = checkpoint->epoch;
        CHECK(epochs * 8 + steps_into_epoch(checkpoint->state) == std::int64_t{parts} * 5);
        ++parts;
      }
      CHECK(parts == 5);
      CHECK(timeless_metrics(folder / "whole") == timeless_metrics(folder / "parts"));
      for (const char* file : {"checkpoint.safetensors", "best.safetensors", "config.toml"}) {
        CAPTURE(file);
        CHECK(read_file(folder.path() / "whole" / file) ==
              read_file(folder.path() / "parts" / file));
      }
    }
  }
}
