#pragma once

#include <benchmark/benchmark.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "plastic/core/precision.h"

namespace plastic::bench {

struct Options {
  int threads = 2;
  /// Seconds measured an entry.
  double min_time = 0.2;
  std::vector<std::int64_t> batches = {128};
  Precision precision = Precision::f32;
};

/// One training or optimizer step, holding what it works on.
using Step = std::function<void()>;

/// Registers an entry that times `make()()`; what make() does is not measured. `parameters` is
/// reported with it, and the most memory that the process has had so far.
void add_step(const std::string& name, const Options& options, std::int64_t parameters,
              const std::function<Step()>& make);

/// What each program measures; main() of harness.cpp calls it.
void add_entries(const Options& options);

}  // namespace plastic::bench
