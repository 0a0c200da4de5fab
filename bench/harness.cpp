#include "bench/harness.h"

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <string_view>

#include "core/cpu/level.h"
#include "plastic/core/device.h"
#include "plastic/core/error.h"

namespace plastic::bench {
namespace {

/// The value of `--name=value`, or null when `argument` is another option.
const char* value_of(std::string_view argument, std::string_view name) {
  return argument.starts_with(name) ? argument.data() + name.size() : nullptr;
}

std::vector<std::int64_t> parse_list(const char* text) {
  std::vector<std::int64_t> values;
  std::istringstream stream(text);
  for (std::string item; std::getline(stream, item, ',');) values.push_back(std::stoll(item));
  return values;
}

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    if (const char* threads = value_of(argv[i], "--threads=")) {
      options.threads = std::stoi(threads);
    } else if (const char* seconds = value_of(argv[i], "--min-time=")) {
      options.min_time = std::stod(seconds);
    } else if (const char* batches = value_of(argv[i], "--batches=")) {
      options.batches = parse_list(batches);
    } else if (const char* precision = value_of(argv[i], "--precision=")) {
      options.precision = parse_precision(precision);
    }
  }
  return options;
}

/// The most memory, in bytes, that this program has had resident. What getrusage() says counts the
/// process that became this program, too.
double peak_memory() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word != "VmHWM:") continue;
    double kilobytes = 0;
    status >> kilobytes;
    return 1024.0 * kilobytes;
  }
  throw Error("[bench] /proc/self/status does not say VmHWM, the most memory of a program");
}

}  // namespace

void add_step(const std::string& name, const Options& options, std::int64_t parameters,
              const std::function<Step()>& make) {
  benchmark::RegisterBenchmark(name.c_str(),
                               [make, parameters](benchmark::State& state) {
                                 const Step step = make();
                                 step();
                                 step();
                                 for ([[maybe_unused]] auto _ : state) step();
                                 state.counters["parameters"] = static_cast<double>(parameters);
                                 state.counters["peak_memory"] = peak_memory();
                               })
      ->UseRealTime()
      ->MinTime(options.min_time)
      ->Unit(benchmark::kMillisecond);
}

}  // namespace plastic::bench

int main(int argc, char** argv) {
  try {
    const plastic::bench::Options options = plastic::bench::parse(argc, argv);
    plastic::set_num_threads(options.threads);
    plastic::set_precision(options.precision);
    plastic::bench::add_entries(options);
    benchmark::Initialize(&argc, argv);
    const plastic::cpu::Level level = plastic::cpu::level();
    benchmark::AddCustomContext("level", plastic::cpu::description(level));
    benchmark::AddCustomContext("bf16", plastic::cpu::bf16_description(level));
    benchmark::AddCustomContext("precision", to_string(options.precision));
    benchmark::AddCustomContext("threads", std::to_string(plastic::num_threads()));
    benchmark::RunSpecifiedBenchmarks();
    return EXIT_SUCCESS;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return EXIT_FAILURE;
  }
}
