#pragma once

#include <algorithm>
#include <ctime>

namespace plastic::test {

/// The processor's seconds that `work` takes, whatever else the machine does; the least of two.
template <class Work>
double processor_seconds(Work&& work) {
  double least = 0.0;
  for (int round = 0; round < 2; ++round) {
    const std::clock_t start = std::clock();
    work();
    const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    least = round == 0 ? seconds : std::min(least, seconds);
  }
  return least;
}

/// Whether work(4 n) takes less than 10 times what work(n) does: time in proportion to n gives 4,
/// in proportion to its square 16. What is over in a tenth of a second counts as fast in any case.
template <class Work>
bool is_about_linear(Work&& work, int n) {
  const double once = processor_seconds([&] { work(n); });
  return processor_seconds([&] { work(4 * n); }) < 10 * once + 0.1;
}

}  // namespace plastic::test
