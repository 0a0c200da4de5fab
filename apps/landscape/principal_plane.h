#pragma once

#include <array>
#include <vector>

#include "apps/landscape/loss_surface.h"
#include "plastic/core/random.h"

namespace plastic::apps {

struct PrincipalPlane {
  /// The mean of the points.
  Weights origin = {};
  /// The axes: of length 1, at right angles.
  Weights first = {};
  Weights second = {};
  /// The share of the variance of the points along each axis; the second is 0 where they lie on a
  /// line, and its direction random.
  std::array<double, 2> shares = {};
};

/// The plane through the mean of points along their first two principal components. Throws Error
/// for points that are all the same.
PrincipalPlane principal_plane(const std::vector<Weights>& points, Generator& generator);

}  // namespace plastic::apps
