#include "apps/landscape/picture.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "apps/cli/values.h"
#include "apps/report/html_text.h"

namespace plastic::apps {
namespace {

constexpr double left = 64.0;
constexpr double top = 66.0;
constexpr double plot_width = 540.0;
constexpr double legend_gap = 28.0;
constexpr double legend_width = 200.0;
constexpr double line_height = 17.0;
constexpr double below = 56.0;

// Each band lies over those below it.
constexpr double band_opacity = 0.055;

// A point is left out where the line without it is no further away than this, but not more than
// so many in a row, along which errors add up.
constexpr double least_distance = 0.2;
constexpr std::size_t most_left_out = 8;
// What lies further outside is drawn at this distance.
constexpr double far_away = 3000.0;

// The colours, shapes and dashes of apps/report/charts.js.
constexpr const char* style = R"(<style>
svg { --background: #ffffff; --text: #1b1f24; --quiet: #56606b; --line: #9aa3ad; --band: #33475f;
  --c0: #0072b2; --c1: #d55e00; --c2: #00805c; --c3: #a8407f; --c4: #8a6d00; --c5: #3d4650;
  font: 13px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
@media (prefers-color-scheme: dark) { svg { --background: #14171b; --text: #e6e9ed;
  --quiet: #a3adb8; --line: #5a6470; --band: #9fb6d0; --c0: #56b4e9; --c1: #ff8f4a; --c2: #2fcf9f;
  --c3: #ee9fcb; --c4: #f0d83c; --c5: #d7dde4; } }
.background { fill: var(--background); }
text { fill: var(--text); }
.quiet { fill: var(--quiet); font-size: 12px; }
.title { font-size: 17px; font-weight: 600; }
.name { font-weight: 600; }
.frame { fill: none; stroke: var(--line); }
.band { fill: var(--band); fill-opacity: 0.055; fill-rule: evenodd; stroke: var(--band);
  stroke-opacity: 0.3; stroke-width: 0.7; }
.halo { fill: none; stroke: var(--background); stroke-opacity: 0.75; stroke-width: 4.5;
  stroke-linejoin: round; }
.path { fill: none; stroke-width: 2; stroke-linejoin: round; }
.end { stroke: var(--background); stroke-width: 1.2; }
.start { fill: var(--background); stroke: var(--text); stroke-width: 2; }
.mark { fill: none; stroke: var(--text); stroke-width: 1.6; }
</style>
)";

constexpr std::array<const char*, 5> dashes = {"", "8 4", "2 3", "10 3 2 3", "16 5"};
constexpr std::size_t colours = 6;

/// One digit after the point, and none where it is 0.
std::string pixels(double value) {
  const auto tenths = std::llround(value * 10.0);
  const long long whole = std::abs(tenths) / 10;
  const long long rest = std::abs(tenths) % 10;
  return (tenths < 0 ? "-" : "") + std::to_string(whole) +
         (rest == 0 ? "" : "." + std::to_string(rest));
}

std::string tag_text(double x, double y, const char* css_class, const std::string& text,
                     const char* more = "") {
  return "<text x=\"" + pixels(x) + "\" y=\"" + pixels(y) + "\" class=\"" + css_class + "\"" +
         more + ">" + escape_html(text) + "</text>\n";
}

/// Round steps, five or so of them over a range.
double tick_step(double range) {
  const double rough = range / 5.0;
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  for (const double step : {1.0, 2.0, 5.0}) {
    if (step * power >= rough * 0.999) return step * power;
  }
  return 10.0 * power;
}

/// The points that a line needs: without those that lie on the line between their neighbours.
std::vector<Point> essential(const std::vector<Point>& points) {
  std::vector<Point> kept;
  std::size_t left_out = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (i > 0 && i + 1 < points.size() && left_out < most_left_out) {
      const Point& from = kept.back();
      const Point& to = points[i + 1];
      const double length = std::hypot(to[0] - from[0], to[1] - from[1]);
      const double twice_area = (points[i][0] - from[0]) * (to[1] - from[1]) -
                                (points[i][1] - from[1]) * (to[0] - from[0]);
      const double along = (points[i][0] - from[0]) * (to[0] - from[0]) +
                           (points[i][1] - from[1]) * (to[1] - from[1]);
      // Not where the line turns back.
      const bool is_between = along >= 0.0 && along <= length * length;
      if (is_between && std::abs(twice_area) <= least_distance * length) {
        ++left_out;
        continue;
      }
    }
    kept.push_back(points[i]);
    left_out = 0;
  }
  return kept;
}

std::vector<double> ticks(double low, double high) {
  const double step = tick_step(high - low);
  std::vector<double> all;
  for (double i = std::ceil(low / step); i * step <= high; ++i) {
    // 0 without a sign, and no digits of rounding.
    all.push_back(std::round(i) * step + 0.0);
  }
  return all;
}

class Drawing {
 public:
  explicit Drawing(const Picture& picture)
      : picture_(picture), height_(std::round(plot_width / picture.aspect)) {}

  std::string svg() {
    draw_plot();
    const double legend_end = draw_legend();
    const double width = left + plot_width + legend_gap + legend_width;
    const double height = std::max(top + height_ + below, legend_end + 16.0);
    const std::string size = pixels(width) + " " + pixels(height);
    return "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + size + "\" width=\"" +
           pixels(width) + "\" height=\"" + pixels(height) + "\" role=\"img\">\n<title>" +
           escape_html(picture_.title) + "</title>\n" + style +
           "<rect class=\"background\" width=\"100%\" height=\"100%\"/>\n" + out_ + "</svg>\n";
  }

 private:
  double x(double value) const {
    const Region& region = picture_.grid.region;
    const double at = left + plot_width * (value - region.left) / (region.right - region.left);
    return std::clamp(at, -far_away, far_away);
  }

  double y(double value) const {
    const Region& region = picture_.grid.region;
    const double at = top + height_ * (region.top - value) / (region.top - region.bottom);
    return std::clamp(at, -far_away, far_away);
  }

  std::string path_of(const std::vector<Point>& points, bool is_closed) const {
    std::vector<Point> places;
    for (const Point& point : points) places.push_back({x(point[0]), y(point[1])});
    std::string text;
    for (const Point& place : essential(places)) {
      text += (text.empty() ? "M" : "L") + pixels(place[0]) + " " + pixels(place[1]);
    }
    return text + (is_closed ? "Z" : "");
  }

  void draw_plot() {
    out_ += tag_text(left, 28, "title", picture_.title);
    out_ += tag_text(left, 49, "quiet", picture_.subtitle);
    out_ += "<clipPath id=\"plot\"><rect x=\"" + pixels(left) + "\" y=\"" + pixels(top) +
            "\" width=\"" + pixels(plot_width) + "\" height=\"" + pixels(height_) +
            "\"/></clipPath>\n<g clip-path=\"url(#plot)\">\n";
    for (const double level : picture_.levels) {
      std::string shape;
      for (const auto& outline : outlines(picture_.grid, level)) shape += path_of(outline, true);
      if (!shape.empty()) out_ += "<path class=\"band\" d=\"" + shape + "\"/>\n";
    }
    for (std::size_t i = 0; i < picture_.paths.size(); ++i) draw_path(i);
    if (picture_.mark) draw_cross(x((*picture_.mark)[0]), y((*picture_.mark)[1]));
    for (std::size_t i = 0; i < picture_.paths.size(); ++i) draw_ends(i);
    out_ += "</g>\n<rect class=\"frame\" x=\"" + pixels(left) + "\" y=\"" + pixels(top) +
            "\" width=\"" + pixels(plot_width) + "\" height=\"" + pixels(height_) + "\"/>\n";
    draw_ticks();
  }

  void draw_ticks() {
    const Region& region = picture_.grid.region;
    const double bottom = top + height_;
    for (const double tick : ticks(region.left, region.right)) {
      out_ += tag_text(x(tick), bottom + 18, "quiet", brief(tick), " text-anchor=\"middle\"");
    }
    for (const double tick : ticks(region.bottom, region.top)) {
      out_ += tag_text(left - 8, y(tick) + 4, "quiet", brief(tick), " text-anchor=\"end\"");
    }
    out_ += tag_text(left + plot_width / 2, bottom + 40, "quiet", picture_.x_label,
                     " text-anchor=\"middle\"");
    const std::string turned =
        " text-anchor=\"middle\" transform=\"rotate(-90 16 " + pixels(top + height_ / 2) + ")\"";
    out_ += tag_text(16, top + height_ / 2, "quiet", picture_.y_label, turned.c_str());
  }

  static std::string colour(std::size_t number) {
    return "var(--c" + std::to_string(number % colours) + ")";
  }

  static std::string stroke(std::size_t number) {
    const char* dash = dashes[number / colours % dashes.size()];
    return "style=\"stroke: " + colour(number) + "\"" +
           (*dash == '\0' ? std::string() : std::string(" stroke-dasharray=\"") + dash + "\"");
  }

  void draw_path(std::size_t number) {
    const PicturePath& path = picture_.paths[number];
    if (path.points.size() > 1) {
      const std::string shape = path_of(path.points, false);
      out_ += "<path class=\"halo\" d=\"" + shape + "\"/>\n<path class=\"path\" " + stroke(number) +
              " d=\"" + shape + "\"/>\n";
    }
    if (!path.is_dotted) return;
    for (const Point& point : path.points) {
      out_ += "<circle cx=\"" + pixels(x(point[0])) + "\" cy=\"" + pixels(y(point[1])) +
              "\" r=\"3\" style=\"fill: " + colour(number) + "\"/>\n";
    }
  }

  void draw_ends(std::size_t number) {
    const PicturePath& path = picture_.paths[number];
    const Point& first = path.points.front();
    const bool is_marked = path.points.size() > 1 && (!path.starts_with_others || number == 0);
    if (is_marked) draw_start(x(first[0]), y(first[1]));
    out_ += end_mark(number, x(path.points.back()[0]), y(path.points.back()[1]));
  }

  void draw_start(double px, double py) {
    out_ +=
        "<circle class=\"start\" cx=\"" + pixels(px) + "\" cy=\"" + pixels(py) + "\" r=\"5\"/>\n";
  }

  void draw_cross(double px, double py) {
    out_ += "<path class=\"mark\" d=\"M" + pixels(px - 7) + " " + pixels(py) + "h14M" + pixels(px) +
            " " + pixels(py - 7) + "v14\"/>\n";
  }

  static std::string end_mark(std::size_t number, double px, double py) {
    constexpr std::array<const char*, 4> shapes = {
        "m-5.5 0a5.5 5.5 0 1 0 11 0a5.5 5.5 0 1 0 -11 0z", "m-5 -5h10v10h-10z", "m0 -6.5l6 11h-12z",
        "m0 -7l7 7l-7 7l-7 -7z"};
    return "<path class=\"end\" style=\"fill: " + colour(number) + "\" d=\"M" + pixels(px) + " " +
           pixels(py) + shapes[number % shapes.size()] + "\"/>\n";
  }

  /// Returns where it ends.
  double draw_legend() {
    const double at = left + plot_width + legend_gap;
    double y = top + 10;
    for (std::size_t i = 0; i < picture_.paths.size(); ++i) {
      const PicturePath& path = picture_.paths[i];
      if (path.points.size() > 1) {
        out_ += "<path class=\"path\" " + stroke(i) + " d=\"M" + pixels(at) + " " + pixels(y - 4) +
                "h24\"/>\n";
      }
      out_ += end_mark(i, at + (path.points.size() > 1 ? 24 : 12), y - 4);
      out_ += tag_text(at + 38, y, "name", path.name);
      for (const std::string& note : path.notes) {
        y += line_height;
        out_ += tag_text(at + 38, y, "quiet", note);
      }
      y += line_height + 9;
    }
    const bool has_start = std::ranges::any_of(
        picture_.paths, [](const PicturePath& path) { return path.points.size() > 1; });
    if (has_start) {
      draw_start(at + 12, y - 4);
      out_ += tag_text(at + 38, y, "quiet", "start");
      y += line_height + 3;
    }
    if (picture_.mark) {
      draw_cross(at + 12, y - 4);
      out_ += tag_text(at + 38, y, "quiet", picture_.mark_label);
      y += line_height + 3;
    }
    return draw_scale(at, y + 14);
  }

  /// The bands with the level at which each begins, the highest on top.
  double draw_scale(double at, double y) {
    if (picture_.levels.empty()) return y;
    out_ += tag_text(at, y, "quiet", picture_.height_label);
    y += 8;
    constexpr double box = 15.0;
    for (std::size_t i = picture_.levels.size(); i-- > 0;) {
      const double opacity = 1.0 - std::pow(1.0 - band_opacity, static_cast<double>(i + 1));
      out_ += "<rect x=\"" + pixels(at) + "\" y=\"" + pixels(y) +
              "\" width=\"24\" height=\"15\" style=\"fill: var(--band); fill-opacity: " +
              brief(std::round(opacity * 1000.0) / 1000.0) + "\"/>\n";
      y += box;
      out_ += tag_text(at + 32, y + 4, "quiet", brief(picture_.levels[i]));
    }
    return y;
  }

  const Picture& picture_;
  double height_;
  std::string out_;
};

}  // namespace

std::string three_digits(double value) {
  if (value == 0.0 || !std::isfinite(value)) return brief(value);
  const double unit = std::pow(10.0, std::floor(std::log10(std::abs(value))) - 2);
  return brief(std::round(value / unit) * unit);
}

std::string picture_svg(const Picture& picture) { return Drawing(picture).svg(); }

}  // namespace plastic::apps
