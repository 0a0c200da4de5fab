#pragma once

#include <span>
#include <string>
#include <vector>

namespace plastic::apps {

/// What the solvers of a profile cost in one task, smaller is better; infinite where a solver did
/// not solve it.
struct TaskCosts {
  std::string task;
  /// In the order of the solvers.
  std::vector<double> costs;
};

/// Within `ratio` times the cost of the best solver, so large a share of the tasks is solved.
struct ProfilePoint {
  double ratio = 1.0;
  double share = 0.0;
};

struct ProfileCurve {
  std::string solver;
  /// A staircase: from each ratio on. The first is at 1.
  std::vector<ProfilePoint> points;
  /// Area under the curve from 1 to `profile_end`, as a share of what can be had.
  double score = 0.0;
};

/// Up to where the area is taken, as AlgoPerf does.
inline constexpr double profile_end = 4.0;

/// Performance profiles (Dolan and More, "Benchmarking optimization software with performance
/// profiles", 2002), with the score that AlgoPerf takes from them (Dahl et al., arXiv 2306.07179).
/// A task that no solver solves counts as unsolved by all. Throws Error where a task lacks a cost
/// or has one that is not positive.
std::vector<ProfileCurve> performance_profile(std::span<const std::string> solvers,
                                              std::span<const TaskCosts> tasks);

}  // namespace plastic::apps
