#include "apps/landscape/run_landscape.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "apps/cli/values.h"
#include "apps/landscape/loss_surface.h"
#include "apps/landscape/principal_plane.h"
#include "apps/runs/checkpoint.h"
#include "apps/runs/kept_networks.h"
#include "apps/runs/run_config.h"
#include "apps/runs/saved_model.h"
#include "core/check.h"
#include "plastic/core/safetensors.h"

namespace plastic::apps {
namespace {

namespace fs = std::filesystem;

constexpr int level_count = 14;
// The room on each side, as a share of the width that the paths take.
constexpr double margin = 0.25;

struct RunNetworks {
  fs::path folder = {};
  /// By epoch, the last one that of the checkpoint.
  std::vector<int> epochs = {};
  std::vector<Weights> weights = {};
};

RunNetworks networks_of(const fs::path& folder, const SavedModel& saved, LossSurface& surface) {
  RunNetworks run{.folder = folder};
  const auto add = [&](int epoch, const StateDict& state, const fs::path& path) {
    try {
      run.weights.push_back(surface.weights_of(state));
    } catch (const Error& error) {
      fail("landscape", path.string(), ": is not of the first run's network: ", error.what());
    }
    run.epochs.push_back(epoch);
  };
  for (const KeptNetwork& kept : kept_networks(folder)) {
    if (kept.epoch >= saved.epoch) continue;
    add(kept.epoch, load_safetensors(kept.path).tensors, kept.path);
  }
  add(saved.epoch, saved.network->state_dict(), saved.weights);
  return run;
}

std::string name_of(const fs::path& folder) {
  const fs::path tidy = folder.lexically_normal();
  return (tidy.has_filename() ? tidy : tidy.parent_path()).filename().string();
}

std::string percent_text(double share) { return brief(std::round(share * 1000.0) / 10.0) + "%"; }

/// From the least to the largest, with a margin; at least as wide as `least`.
std::pair<double, double> reach(double low, double high, double least) {
  const double width = std::max(high - low, least);
  const double middle = (low + high) / 2.0;
  return {middle - width * (0.5 + margin), middle + width * (0.5 + margin)};
}

/// Never much narrower one way than the other; a square where the points lie on a line.
Region region_around(const std::vector<Point>& points, bool is_line) {
  const auto [left, right] = std::ranges::minmax(points, {}, [](const Point& p) { return p[0]; });
  const auto [bottom, top] = std::ranges::minmax(points, {}, [](const Point& p) { return p[1]; });
  const double width = right[0] - left[0];
  const double height = top[1] - bottom[1];
  const auto across = reach(left[0], right[0], 0.1 * height);
  const auto along = reach(bottom[1], top[1], (is_line ? 1.0 : 0.1) * width);
  return {across.first, across.second, along.first, along.second};
}

class Landscape {
 public:
  Landscape(LossSurface& surface, const RunLandscapeOptions& options,
            const std::function<void(std::int64_t)>& progress)
      : surface_(surface), options_(options), progress_(progress) {}

  Grid grid(const Region& region, const Weights& origin, const Weights& first,
            const Weights& second) const {
    std::int64_t done = 0;
    const auto points = static_cast<std::size_t>(options_.grid);
    return sample(region, points, points, [&](double x, double y) {
      const double loss = surface_.loss(plus(plus(origin, x, first), y, second));
      progress_(++done);
      return loss;
    });
  }

  Picture slice(const RunNetworks& run) const {
    Generator generator{.seed = options_.seed};
    const Weights& origin = run.weights.back();
    const Weights first = surface_.random_direction(origin, generator);
    const Weights second = surface_.random_direction(origin, generator);
    const double range = options_.range;
    Picture picture{.title = "The loss around " + name_of(run.folder),
                    .x_label = "along a random direction, in lengths of the filters",
                    .y_label = "along another",
                    .grid = grid({-range, range, -range, range}, origin, first, second),
                    .mark = Point{0.0, 0.0},
                    .mark_label = "the network: loss " + three_digits(surface_.loss(origin))};
    return picture;
  }

  Picture plane(const std::vector<RunNetworks>& runs) const {
    std::vector<Weights> all;
    for (const RunNetworks& run : runs) {
      all.insert(all.end(), run.weights.begin(), run.weights.end());
    }
    Generator generator{.seed = options_.seed};
    const PrincipalPlane plane = principal_plane(all, generator);
    Picture picture{.title = runs.size() == 1
                                 ? "The path of " + name_of(runs.front().folder)
                                 : "The paths of " + std::to_string(runs.size()) + " runs",
                    .x_label = "first principal component, " + percent_text(plane.shares[0]) +
                               " of the variance",
                    .y_label = plane.shares[1] > 0.0 ? "second, " + percent_text(plane.shares[1])
                                                     : "a random direction"};
    std::vector<Point> points;
    for (const RunNetworks& run : runs) {
      PicturePath path{.name = name_of(run.folder), .starts_with_others = false, .is_dotted = true};
      for (const Weights& weights : run.weights) {
        const Weights from = plus(weights, -1.0, plane.origin);
        path.points.push_back({dot(from, plane.first), dot(from, plane.second)});
      }
      points.insert(points.end(), path.points.begin(), path.points.end());
      const std::string last = std::to_string(run.epochs.back());
      path.notes = {run.epochs.size() == 1
                        ? "epoch " + last
                        : "epochs " + std::to_string(run.epochs.front()) + " to " + last,
                    "ends at loss " + three_digits(surface_.loss(run.weights.back()))};
      picture.paths.push_back(std::move(path));
    }
    picture.grid = grid(region_around(points, plane.shares[1] == 0.0), plane.origin, plane.first,
                        plane.second);
    return picture;
  }

 private:
  LossSurface& surface_;
  const RunLandscapeOptions& options_;
  const std::function<void(std::int64_t)>& progress_;
};

}  // namespace

Picture run_landscape(const std::vector<fs::path>& folders, const RunLandscapeOptions& options,
                      const std::function<void(std::int64_t)>& progress) {
  const RunOptions first = read_run_options(folders.front());
  std::vector<SavedModel> saved;
  for (const fs::path& folder : folders) {
    const RunOptions run = read_run_options(folder);
    if (run.data != first.data) {
      fail("landscape", folder.string(), ": is trained on ", run.data, ", the first run on ",
           first.data, "; give runs on one data set");
    }
    std::error_code unreadable;
    if (!fs::exists(checkpoint_path(folder), unreadable)) {
      fail("landscape", folder.string(),
           ": has no checkpoint.safetensors; its first epoch was not ",
           "finished: 'plastic train --resume' continues it");
    }
    saved.push_back(load_saved_model(checkpoint_path(folder)));
  }
  if (first.threads) set_num_threads(*first.threads);
  const data::DatasetPair data = load_data(first);
  LossSurface surface(first.run, data.train, options.images);
  std::vector<RunNetworks> runs;
  std::size_t networks = 0;
  for (std::size_t i = 0; i < folders.size(); ++i) {
    runs.push_back(networks_of(folders[i], saved[i], surface));
    networks += runs.back().weights.size();
  }
  const Landscape landscape(surface, options, progress);
  Picture picture = networks == 1 ? landscape.slice(runs.front()) : landscape.plane(runs);
  picture.subtitle = nn::describe(saved.front()) + ", " + first.data + "; on " +
                     std::to_string(surface.image_count()) + " of the training images";
  picture.levels = contour_levels(picture.grid, level_count);
  picture.height_label = "loss, above";
  return picture;
}

}  // namespace plastic::apps
