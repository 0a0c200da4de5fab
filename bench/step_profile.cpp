// Where a training step goes: the time of each kind of work of the CPU device in a step with SGD.
// usage: plastic_bench_step_profile [MODEL [BATCH [THREADS [STEPS [PRECISION]]]]]

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <utility>
#include <vector>

#include "bench/timed_backend.h"
#include "bench/training.h"
#include "plastic/core/device.h"
#include "plastic/core/precision.h"

namespace plastic::bench {
namespace {

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void print(const std::string& what, double seconds, double step, double calls) {
  std::printf("  %-28s %9.2f ms %6.1f%%", what.c_str(), seconds * 1e3, 100 * seconds / step);
  if (calls > 0) std::printf(" %7.0f calls", calls);
  std::printf("\n");
}

void profile(const std::string& model, std::int64_t batch, int steps) {
  time_cpu_device();
  ImageTraining training(model, batch, sgd);
  for (int i = 0; i < 2; ++i) training.step();
  clear_times();
  double update = 0;
  const double start = now();
  for (int i = 0; i < steps; ++i) {
    training.compute_gradients();
    const double computed = now();
    training.update();
    update += now() - computed;
  }
  const double step = (now() - start) / steps;
  update /= steps;
  std::vector<std::pair<std::string, TimeOfOp>> ops(times_of_ops().begin(), times_of_ops().end());
  std::sort(ops.begin(), ops.end(),
            [](const auto& a, const auto& b) { return a.second.seconds > b.second.seconds; });
  std::printf("\nwhere a step of %s goes (batch %lld, %d threads, %s, mean of %d steps):\n",
              model.c_str(), static_cast<long long>(batch), num_threads(),
              to_string(precision()).c_str(), steps);
  double rest = step - update;
  for (const auto& [name, time] : ops) {
    print(name, time.seconds / steps, step, static_cast<double>(time.calls) / steps);
    rest -= time.seconds / steps;
  }
  print("optimizer and zero_grad", update, step, 0);
  print("the rest (tape, allocation)", rest, step, 0);
  print("step", step, step, 0);
}

}  // namespace
}  // namespace plastic::bench

int main(int argc, char** argv) {
  try {
    const auto number = [&](int i, int otherwise) {
      return argc > i ? std::stoi(argv[i]) : otherwise;
    };
    plastic::set_num_threads(number(3, 2));
    if (argc > 5) plastic::set_precision(plastic::parse_precision(argv[5]));
    plastic::bench::profile(argc > 1 ? argv[1] : "resnet18", number(2, 128), number(4, 3));
    return EXIT_SUCCESS;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return EXIT_FAILURE;
  }
}
