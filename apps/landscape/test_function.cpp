#include "apps/landscape/test_function.h"

#include <algorithm>
#include <numbers>

#include "apps/cli/values.h"
#include "plastic/core/autograd.h"
#include "plastic/core/ops.h"

namespace plastic::apps {
namespace {

Tensor x_of(const Tensor& point) { return point.slice(0, 0, 1); }
Tensor y_of(const Tensor& point) { return point.slice(0, 1, 2); }
Tensor square(const Tensor& value) { return mul(value, value); }

// Rosenbrock, "An automatic method for finding the greatest or least value of a function", 1960.
Tensor rosenbrock(const Tensor& point) {
  const Tensor x = x_of(point);
  return sum(square(1 - x) + 100 * square(y_of(point) - square(x)));
}

// Rastrigin, 1974, in two dimensions.
Tensor rastrigin(const Tensor& point) {
  return sum(square(point) - 10 * cos(point * (2 * std::numbers::pi)) + 10);
}

Tensor quadratic(const Tensor& point) {
  return sum(square(x_of(point)) + 20 * square(y_of(point))) * 0.5;
}

// Beale, "On an iterative method for finding a local minimum of a function of more than one
// variable", 1958.
Tensor beale(const Tensor& point) {
  const Tensor x = x_of(point);
  const Tensor y = y_of(point);
  const Tensor y2 = square(y);
  return sum(square(1.5 - x + x * y) + square(2.25 - x + x * y2) +
             square(2.625 - x + x * (y2 * y)));
}

}  // namespace

const std::vector<TestFunction>& test_functions() {
  static const std::vector<TestFunction> functions = {
      {"rosenbrock", "(1 − x)² + 100 (y − x²)²", {-2, 2, -1, 3}, {-1.2, 1}, {1, 1}, rosenbrock},
      {"rastrigin",
       "20 + x² − 10 cos 2πx + y² − 10 cos 2πy",
       {-5, 5, -5, 5},
       {-3.3, 3.7},
       {0, 0},
       rastrigin},
      {"quadratic", "½ (x² + 20 y²)", {-5, 5, -2.5, 2.5}, {-4, 1.5}, {0, 0}, quadratic},
      {"beale",
       "(1.5 − x + xy)² + (2.25 − x + xy²)² + (2.625 − x + xy³)²",
       {-4.5, 4.5, -3, 3},
       {1, 1.5},
       {3, 0.5},
       beale},
  };
  return functions;
}

const TestFunction* find_test_function(const std::string& name) {
  const auto found = std::ranges::find(test_functions(), name, &TestFunction::name);
  return found == test_functions().end() ? nullptr : &*found;
}

std::string test_function_names() {
  std::vector<std::string> names;
  for (const TestFunction& function : test_functions()) names.push_back(function.name);
  return join(names);
}

double value_at(const TestFunction& function, double x, double y) {
  const NoGrad no_grad;
  return function.of(Tensor::from(std::vector<double>{x, y})).item();
}

}  // namespace plastic::apps
