#pragma once

#include <array>
#include <vector>

#include "apps/landscape/test_function.h"
#include "apps/training/optimizers.h"

namespace plastic::apps {

using Point = std::array<double, 2>;

/// The way of an optimizer over a function.
struct Trajectory {
  /// The start, and where each step led: the weights to evaluate, where an optimizer keeps others.
  std::vector<Point> points;
  /// The function at the last point.
  double loss = 0.0;
  /// Whether a value or a gradient was not finite; the points end before it.
  bool diverged = false;
};

/// `steps` of the library's optimizer with these settings, on a parameter of two elements; the
/// steps count as ten epochs, for what depends on these.
Trajectory follow(const TestFunction& function, const OptimizerSettings& settings,
                  const Point& start, int steps);

/// The learning rate, of the table's default times 0.001 to 1000 in half decades, that ends lowest
/// after `steps` without having left the function's region; the smaller of equals, and the default
/// where all leave it.
double best_learning_rate(const TestFunction& function, const OptimizerSettings& settings,
                          const Point& start, int steps);

}  // namespace plastic::apps
