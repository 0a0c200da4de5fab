#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apps/landscape/contour.h"
#include "apps/landscape/trajectory.h"

namespace plastic::apps {

/// A path over a landscape, with a line of the legend.
struct PicturePath {
  std::string name = {};
  /// Lines below the name: "lr 0.1", "ends at 2e-05".
  std::vector<std::string> notes = {};
  std::vector<Point> points = {};
  /// The path begins where the others do, which is marked once; otherwise at a mark of its own.
  bool starts_with_others = true;
  /// Marks each of its points.
  bool is_dotted = false;
};

/// A landscape seen from above.
struct Picture {
  std::string title = {};
  std::string subtitle = {};
  std::string x_label = {};
  std::string y_label = {};
  /// Width of the drawing over its height.
  double aspect = 1.0;
  Grid grid = {};
  std::vector<double> levels = {};
  /// What the levels are of: "loss".
  std::string height_label = {};
  std::vector<PicturePath> paths = {};
  /// A cross at the best place, and what it is called.
  std::optional<Point> mark = {};
  std::string mark_label = {};
};

/// "0.724", "2.51e-07": for a legend.
std::string three_digits(double value);

/// As an SVG file, which is light or dark as the reader's system asks for. Names are escaped.
std::string picture_svg(const Picture& picture);

}  // namespace plastic::apps
