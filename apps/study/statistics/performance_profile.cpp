#include "apps/study/statistics/performance_profile.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/check.h"

namespace plastic::apps {
namespace {

double area(const ProfileCurve& curve) {
  double area = 0.0;
  for (std::size_t i = 0; i < curve.points.size(); ++i) {
    const bool is_last = i + 1 == curve.points.size();
    const double end = is_last ? profile_end : std::min(curve.points[i + 1].ratio, profile_end);
    area += std::max(0.0, end - curve.points[i].ratio) * curve.points[i].share;
  }
  return area / (profile_end - 1.0);
}

}  // namespace

std::vector<ProfileCurve> performance_profile(std::span<const std::string> solvers,
                                              std::span<const TaskCosts> tasks) {
  std::vector<std::vector<double>> ratios(solvers.size());
  for (const TaskCosts& task : tasks) {
    if (task.costs.size() != solvers.size()) {
      fail("performance_profile", task.task, ": ", task.costs.size(), " costs of ", solvers.size(),
           " solvers");
    }
    for (const double cost : task.costs) {
      if (!(cost > 0.0)) {
        fail("performance_profile", task.task, ": expected costs above 0, got ", cost);
      }
    }
    const double best = std::ranges::min(task.costs);
    if (std::isinf(best)) continue;
    for (std::size_t i = 0; i < solvers.size(); ++i) ratios[i].push_back(task.costs[i] / best);
  }
  std::vector<ProfileCurve> curves;
  for (std::size_t i = 0; i < solvers.size(); ++i) {
    ProfileCurve curve{.solver = solvers[i], .points = {{1.0, 0.0}}};
    std::ranges::sort(ratios[i]);
    double solved = 0.0;
    for (const double ratio : ratios[i]) {
      if (std::isinf(ratio)) break;
      solved += 1.0;
      const double share = solved / static_cast<double>(tasks.size());
      if (ratio == curve.points.back().ratio) {
        curve.points.back().share = share;
      } else {
        curve.points.push_back({ratio, share});
      }
    }
    curve.score = area(curve);
    curves.push_back(std::move(curve));
  }
  return curves;
}

}  // namespace plastic::apps
