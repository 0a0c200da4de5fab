// What --probe costs: whole trainings of the program with NeuroPlastic, not probed, probed at every
// tenth step and at every step, in alternating rounds; the lines are written to a file that is
// removed. An entry is the median over the rounds of the time per step. On a machine that does
// other things meanwhile, the ratio of processor times says more than that of times by the clock.
// usage: plastic_bench_probe [MODEL [ROUNDS [STEPS [THREADS]]]]; STEPS per round, a multiple of 10.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "apps/runs/probe_file.h"
#include "apps/runs/probe_lines.h"
#include "apps/training/model_choice.h"
#include "apps/training/optimizer_overrides.h"
#include "apps/training/training.h"
#include "plastic/core/device.h"
#include "plastic/data/digits.h"
#include "plastic/data/shapes.h"

namespace plastic::bench {
namespace {

constexpr std::int64_t batch = 128;

double median(std::vector<double> values) {
  std::ranges::sort(values);
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

/// One of the trainings that take turns.
class Entry {
 public:
  /// `every` 0: not probed.
  Entry(const std::string& model, const data::DatasetPair& data, int every,
        const std::filesystem::path& folder)
      : training_(config_of(model, every), data, nobody_), file_(folder) {
    if (every == 0) return;
    file_.begin(
        apps::probe_header(*training_.probe(), "neuroplastic", training_.steps_per_epoch()));
    training_.on_probe([this](const apps::ProbedStep& step) {
      const std::string line = apps::probe_line(*training_.probe(), step);
      bytes_ += line.size();
      file_.append(line);
    });
  }

  void run_round() {
    const std::clock_t start = std::clock();
    const double seconds = training_.run_epoch(++epoch_).seconds;
    const std::clock_t end = std::clock();
    // The first one warms caches up.
    if (epoch_ == 1) return;
    times_.push_back(seconds / static_cast<double>(training_.steps_per_epoch()));
    processor_times_.push_back(static_cast<double>(end - start));
  }

  const std::vector<double>& times() const { return times_; }
  const std::vector<double>& processor_times() const { return processor_times_; }
  std::size_t bytes() const { return bytes_; }

 private:
  static apps::TrainConfig config_of(const std::string& model, int every) {
    apps::TrainConfig config{.model = model,
                             .optimizer = apps::resolve_settings("neuroplastic", false, {}),
                             .epochs = 1 << 20,
                             .batch_size = batch};
    apps::resolve_model(config);
    if (every > 0) config.probe = optim::ProbeOptions{.every = every};
    return config;
  }

  apps::TrainingObserver nobody_;
  apps::Training training_;
  apps::ProbeFile file_;
  std::vector<double> times_, processor_times_;
  std::size_t bytes_ = 0;
  int epoch_ = 0;
};

/// Round by round, as the machine's speed varies from one to the next.
double ratio(const std::vector<double>& times, const std::vector<double>& base) {
  std::vector<double> ratios;
  for (std::size_t k = 0; k < times.size(); ++k) ratios.push_back(times[k] / base[k]);
  return median(ratios);
}

void compare(const std::string& model, int rounds, std::int64_t steps) {
  const data::DatasetPair data = model == "mlp"
                                     ? data::digits({.train_size = steps * batch, .test_size = 10})
                                     : data::shapes({.train_size = steps * batch, .test_size = 10});
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("plastic-bench-probe-" + model);
  constexpr int intervals[] = {0, 10, 1};
  std::vector<std::unique_ptr<Entry>> entries;
  for (const int every : intervals) {
    const std::filesystem::path own = folder / std::to_string(every);
    std::filesystem::create_directories(own);
    entries.push_back(std::make_unique<Entry>(model, data, every, own));
  }
  for (int round = 0; round <= rounds; ++round) {
    // In another order each time, so that none always follows the same.
    for (std::size_t i = 0; i < entries.size(); ++i) {
      entries[(i + static_cast<std::size_t>(round)) % entries.size()]->run_round();
    }
  }
  std::printf("%s, batch %lld, %d threads, medians of %d rounds of %lld steps:\n", model.c_str(),
              static_cast<long long>(batch), num_threads(), rounds, static_cast<long long>(steps));
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const Entry& entry = *entries[i];
    const std::string name = intervals[i] == 0   ? "not probed"
                             : intervals[i] == 1 ? "every step"
                                                 : "every 10th step";
    std::printf(
        "  %-16s %10.3f ms per step, ratio %.3f, of processor time %.3f, %zu bytes written\n",
        name.c_str(), 1e3 * median(entry.times()), ratio(entry.times(), entries[0]->times()),
        ratio(entry.processor_times(), entries[0]->processor_times()), entry.bytes());
  }
  entries.clear();
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace plastic::bench

int main(int argc, char** argv) {
  try {
    const auto number = [&](int i, int otherwise) {
      return argc > i ? std::stoi(argv[i]) : otherwise;
    };
    plastic::set_num_threads(number(4, 2));
    const std::string model = argc > 1 ? argv[1] : "mlp";
    plastic::bench::compare(model, number(2, 11), number(3, model == "mlp" ? 200 : 10));
    return EXIT_SUCCESS;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return EXIT_FAILURE;
  }
}
