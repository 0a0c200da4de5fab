#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <vector>

#include "apps/landscape/picture.h"

namespace plastic::apps {

struct RunLandscapeOptions {
  /// Images to compute the loss on.
  std::int64_t images = 512;
  /// Points along each axis.
  std::int64_t grid = 25;
  /// How far a slice along random directions reaches, in lengths of the filters.
  double range = 1.0;
  /// Draws the directions.
  std::uint64_t seed = 0;
};

/// The loss around the networks of runs. One network alone: along two random directions
/// (LossSurface::random_direction). Several, of one run that kept them on its way or of several
/// runs of one model: on the plane of their first two principal components, with the paths drawn
/// on it; the images are those of the first run. `progress` is called with the number of points
/// done. Throws Error for runs that do not go together.
Picture run_landscape(const std::vector<std::filesystem::path>& runs,
                      const RunLandscapeOptions& options,
                      const std::function<void(std::int64_t done)>& progress);

}  // namespace plastic::apps
