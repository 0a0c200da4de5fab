#pragma once

#include <cstddef>
#include <map>
#include <utility>

namespace plastic::apps {

/// How long runs take, learnt from those that were done.
class StudyEstimate {
 public:
  /// A run of `variant` on `task` took so long; NaN is not counted.
  void add(std::size_t task, std::size_t variant, double seconds);

  /// The mean of runs like this one: of the same variant and task, else of the same task, else of
  /// all. 0 where nothing is known.
  double seconds(std::size_t task, std::size_t variant) const;
  bool is_known(std::size_t task, std::size_t variant) const;
  bool is_empty() const { return all_.count == 0; }

 private:
  struct Mean {
    double sum = 0.0;
    int count = 0;
  };

  std::map<std::pair<std::size_t, std::size_t>, Mean> cells_;
  std::map<std::size_t, Mean> tasks_;
  Mean all_;
};

}  // namespace plastic::apps
