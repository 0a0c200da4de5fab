#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "apps/study/analysis/analysis.h"

namespace plastic::apps {

/// The variants' numbers on a page, which decide their colours.
class ChartNames {
 public:
  /// The number of a name met before, or the next one.
  std::size_t number(const std::string& name);
  const std::vector<std::string>& names() const { return names_; }

 private:
  std::vector<std::string> names_;
};

/// The charts of a task as study.js draws them, a list.
nlohmann::ordered_json task_figures(const TaskAnalysis& task, const std::string& reference,
                                    ChartNames& names);

/// Those over all tasks.
nlohmann::ordered_json profile_figures(const StudyAnalysis& analysis, ChartNames& names);

}  // namespace plastic::apps
