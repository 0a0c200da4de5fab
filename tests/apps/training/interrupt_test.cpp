// Runs that a signal ends in the midst of an epoch, and that continue from there.
#include "apps/training/interrupt.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "apps/cli/config_file.h"
#include "apps/runs/saved_run.h"
#include "apps/training/schedules.h"
#include "plastic/core/device.h"
#include "plastic/data/digits.h"
#include "tests/apps/program.h"

using namespace plastic::apps;
using namespace plastic::test;
namespace fs = std::filesystem;

namespace {

// Eight steps per epoch, the last one of a short batch, with and without a validation part.
const plastic::data::DatasetPair& digits(const TrainConfig& config) {
  static const auto all = plastic::data::digits({.train_size = 235, .test_size = 40});
  static const auto more = plastic::data::digits({.train_size = 294, .test_size = 40});
  return config.validation > 0 ? more : all;
}

// Presses Ctrl-C during a run's step number `at`, counted from where it begins; never for 0.
class CtrlC : public TrainingObserver {
 public:
  explicit CtrlC(int at) : left_(at) {}
  void on_step(const StepResult&) override {
    if (--left_ != 0) return;
    // The line that follows at once is not the test's.
    const int error_output = dup(STDERR_FILENO);
    const int nowhere = open("/dev/null", O_WRONLY);
    REQUIRE((error_output >= 0 && nowhere >= 0));
    dup2(nowhere, STDERR_FILENO);
    raise(SIGINT);
    dup2(error_output, STDERR_FILENO);
    close(nowhere);
    close(error_output);
  }

 private:
  int left_;
};

SavedRunOptions saved(const fs::path& folder, const TrainConfig& config) {
  return {.folder = folder,
          .config = config_text({.run = config, .threads = 2}),
          .epochs = config.epochs,
          .keep_best = true};
}

// Goes on with the run in `folder` for `steps` steps, or to its end for 0; whether it got there.
bool go_on(const fs::path& folder, const TrainConfig& config, int steps) {
  const SavedRunOptions options = saved(folder, config);
  CtrlC observer(steps);
  Training training(config, digits(config), observer);
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
      config.validation = count % 2 == 0 ? 0.2 : 0.0;
      config.label_noise = count % 2 == 0 ? 0.3 : 0.0;
      const TemporaryFolder folder;
      fs::create_directory(folder.path() / "whole");
      start_folder(folder.path() / "whole", saved(folder.path() / "whole", config).config);
      REQUIRE(go_on(folder.path() / "whole", config, 0));
      // Five steps at a time stop at every place of an epoch but some; eight stop in the
      // evaluation.
      for (const int steps : {5, 8}) {
        CAPTURE(steps);
        const fs::path run = folder.path() / ("parts of " + std::to_string(steps));
        fs::create_directory(run);
        start_folder(run, saved(run, config).config);
        int parts = 1;
        while (!go_on(run, config, steps)) {
          const auto checkpoint = load_checkpoint(run);
          REQUIRE(checkpoint);
          const std::int64_t epochs = checkpoint->epoch;
          CHECK(epochs * 8 + steps_into_epoch(checkpoint->state) == std::int64_t{parts} * steps);
          ++parts;
        }
        CHECK(parts == (steps == 5 ? 5 : 4));
        CHECK(timeless_metrics(folder / "whole") == timeless_metrics(run));
        for (const char* file : {"checkpoint.safetensors", "best.safetensors", "config.toml"}) {
          CAPTURE(file);
          CHECK(read_file(folder.path() / "whole" / file) == read_file(run / file));
        }
      }
    }
  }
}

namespace {

// How a child that does `work` ends: its exit code, or minus the signal.
template <class Work>
int end_of(Work work) {
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    // Its line is no matter of the test's, and its signals are none of the test framework's.
    close(STDERR_FILENO);
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGUSR1}) signal(number, SIG_DFL);
    work();
    _exit(interrupted() ? 1 : 0);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

}  // namespace

TEST_CASE("apps.interrupt.first_and_second_signal") {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1}) {
    CAPTURE(signal);
    CHECK(end_of([&] { raise(signal); }) == -signal);
    CHECK(end_of([&] {
            const InterruptGuard guard;
            raise(signal);
            // Kept for later.
            if (!interrupted()) _exit(2);
          }) == 1);
    // What arrives within a second is the same request, as timeout sends it.
    CHECK(end_of([&] {
            const InterruptGuard guard;
            raise(SIGINT);
            raise(signal);
            if (!interrupted()) _exit(2);
          }) == 1);
    CHECK(end_of([&] {
            const InterruptGuard guard(OnSignal::quit);
            raise(signal);
          }) == interrupted_exit_code);
  }
}

TEST_CASE("apps.interrupt.a_second_later_it_is_a_second_signal") {
  CHECK(end_of([] {
          const InterruptGuard guard;
          raise(SIGINT);
          usleep(1'050'000);
          raise(SIGTERM);
        }) == interrupted_exit_code);
}

TEST_CASE("apps.interrupt.noted_quietly") {
  CHECK(end_of([] {
          const InterruptGuard guard;
          raise(SIGTERM);
          note_quietly(SIGUSR1);
          if (interrupted()) _exit(2);
          for (int i = 0; i < 3; ++i) raise(SIGUSR1);
        }) == 1);
}

TEST_CASE("apps.interrupt.guards_nest") {
  CHECK(end_of([] {
          const InterruptGuard outer(OnSignal::quit);
          {
            const InterruptGuard inner;
            raise(SIGTERM);
          }
          if (!interrupted()) _exit(2);
          raise(SIGTERM);
        }) == interrupted_exit_code);
  CHECK(end_of([] {
          { const InterruptGuard guard; }
          raise(SIGTERM);
        }) == -SIGTERM);
}

// As under nohup.
TEST_CASE("apps.interrupt.ignored_hangup") {
  CHECK(end_of([] {
          signal(SIGHUP, SIG_IGN);
          {
            const InterruptGuard guard(OnSignal::quit);
            raise(SIGHUP);
          }
          raise(SIGHUP);
        }) == 0);
}
