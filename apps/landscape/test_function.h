#pragma once

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "plastic/core/tensor.h"

namespace plastic::apps {

/// The part of a plane that a picture shows.
struct Region {
  double left = 0.0, right = 0.0;
  double bottom = 0.0, top = 0.0;
};

/// A function of two numbers on which optimizers are watched: a row of test_functions().
struct TestFunction {
  std::string name;
  /// "(1 − x)² + 100 (y − x²)²".
  std::string formula;
  Region region;
  std::array<double, 2> start;
  /// Where it is least, with the value 0.
  std::array<double, 2> minimum;
  /// The value at a tensor of shape (2), recorded by autograd.
  std::function<Tensor(const Tensor& point)> of;
};

const std::vector<TestFunction>& test_functions();

/// Null for a name that is none of theirs.
const TestFunction* find_test_function(const std::string& name);

/// "rosenbrock, rastrigin, quadratic, beale".
std::string test_function_names();

/// Its value, in f64.
double value_at(const TestFunction& function, double x, double y);

}  // namespace plastic::apps
