#include "apps/landscape/trajectory.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include "plastic/core/autograd.h"

namespace plastic::apps {
namespace {

constexpr int epochs = 10;
constexpr int half_decades = 6;

Point point_of(const Tensor& parameter) {
  const auto values = parameter.detach().to_vector<float>();
  return {values[0], values[1]};
}

bool stays_within(const Region& region, const std::vector<Point>& points) {
  return std::ranges::all_of(points, [&region](const Point& point) {
    return point[0] >= region.left && point[0] <= region.right && point[1] >= region.bottom &&
           point[1] <= region.top;
  });
}

bool is_finite(const Point& point) { return std::isfinite(point[0]) && std::isfinite(point[1]); }

}  // namespace

Trajectory follow(const TestFunction& function, const OptimizerSettings& settings,
                  const Point& start, int steps) {
  Tensor parameter =
      Tensor::from(std::vector<float>{static_cast<float>(start[0]), static_cast<float>(start[1])})
          .set_requires_grad();
  const std::unique_ptr<optim::Optimizer> optimizer = make_optimizer(settings, {parameter});
  Trajectory trajectory{.points = {point_of(parameter)}};
  for (int step = 0; step < steps; ++step) {
    optimizer->train();
    optimizer->set_epoch(1 + step * epochs / steps, epochs);
    for (int i = 0; i < optimizer->gradients_per_step(); ++i) {
      if (i > 0) optimizer->perturb();
      optimizer->zero_grad();
      function.of(parameter).backward();
    }
    optimizer->step();
    optimizer->eval();
    const Point point = point_of(parameter);
    const double loss = is_finite(point) ? value_at(function, point[0], point[1])
                                         : std::numeric_limits<double>::infinity();
    if (!std::isfinite(loss)) {
      trajectory.diverged = true;
      break;
    }
    trajectory.points.push_back(point);
  }
  const Point& last = trajectory.points.back();
  trajectory.loss = trajectory.diverged ? std::numeric_limits<double>::infinity()
                                        : value_at(function, last[0], last[1]);
  return trajectory;
}

double best_learning_rate(const TestFunction& function, const OptimizerSettings& settings,
                          const Point& start, int steps) {
  const double usual = find_optimizer(settings.name).defaults.lr;
  double best = usual;
  double least = std::numeric_limits<double>::infinity();
  for (int i = -half_decades; i <= half_decades; ++i) {
    OptimizerSettings tried = settings;
    tried.lr = usual * std::pow(10.0, i / 2.0);
    if (i % 2 != 0) tried.lr = usual * 3.0 * std::pow(10.0, (i - 1) / 2);
    tried.plasticity.lr = tried.lr;
    const Trajectory way = follow(function, tried, start, steps);
    if (way.loss < least && stays_within(function.region, way.points)) {
      least = way.loss;
      best = tried.lr;
    }
  }
  return best;
}

}  // namespace plastic::apps
