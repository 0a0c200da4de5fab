#pragma once

#include <string>
#include <utility>
#include <vector>

#include "apps/training/optimizer_options.h"
#include "apps/tuning/range_test.h"
#include "apps/tuning/rate_advice.h"

namespace plastic::apps {

/// A range test with all that its page and its file say.
struct RangeReport {
  std::string optimizer;
  /// Data, model and training, by name; then the optimizer's settings.
  Settings conditions = {};
  Settings settings = {};
  RangeTestOptions options;
  std::vector<RangeRun> runs = {};
  RateAdvice advice = {};
  /// Commands that follow from it: one that trains with the rate, one that searches around it.
  std::vector<std::string> commands = {};
};

/// A line per seed and the advice, for a terminal.
std::string range_table(const RangeReport& report);

/// The content of lr-range.json: everything, with the loss and the smooth curve of each step.
std::string range_json(const RangeReport& report);

/// The content of lr-range.html (apps/report/range_page.cpp): one file, which loads nothing.
std::string range_page(const RangeReport& report);

}  // namespace plastic::apps
