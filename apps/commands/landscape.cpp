// plastic landscape: optimizers on functions of two numbers, and losses around networks, as
// pictures.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cmath>
#include <iostream>
#include <memory>
#include <optional>

#include "apps/cli/optimizer_choice.h"
#include "apps/cli/options.h"
#include "apps/cli/values.h"
#include "apps/commands/landscape_commands.h"
#include "apps/landscape/picture.h"
#include "apps/landscape/run_landscape.h"
#include "apps/landscape/test_function.h"
#include "apps/landscape/trajectory.h"
#include "apps/study/comparison/variants.h"
#include "apps/terminal/progress.h"
#include "apps/terminal/terminal_text.h"
#include "core/check.h"
#include "core/io/atomic_file.h"
#include "core/io/utf8_path.h"

namespace plastic::apps {
namespace {

namespace fs = std::filesystem;

constexpr int level_count = 14;
constexpr std::size_t function_grid = 161;

struct LandscapeCommand {
  /// A function's name, or folders of runs.
  std::vector<std::string> what;
  fs::path out;
  std::vector<Variant> variants = parse_variants("sgd,adam,neuroplastic");
  int steps = 500;
  std::optional<Point> start = {};
  RunOptions options = {};
  RunLandscapeOptions run = {};
};

Point parse_point(const std::string& text) {
  const std::vector<std::string> parts = parse_list(text, false);
  if (parts.size() != 2) throw UsageError("expected two numbers as X,Y, got '" + text + "'");
  const Range range{.low = -1e6, .high = 1e6};
  return {parse_number(parts[0], range), parse_number(parts[1], range)};
}

bool gives_lr(const OptimizerOverrides& overrides, const Variant& variant) {
  return std::ranges::any_of(overrides, [&](const OptimizerOverride& given) {
    return given.option == "lr" &&
           (given.name.empty() || given.name == variant.name || given.name == variant.optimizer);
  });
}

// Four digits after the point, and 0 without a sign.
double rounded(double value) { return std::round(value * 1e4) / 1e4 + 0.0; }

std::string point_text(const Point& point) {
  return "(" + brief(rounded(point[0])) + ", " + brief(rounded(point[1])) + ")";
}

Picture function_picture(const LandscapeCommand& command, const TestFunction& function) {
  check_overrides(command.options.overrides, command.variants);
  const Point start = command.start.value_or(function.start);
  const Region& region = function.region;
  const double aspect = (region.right - region.left) / (region.top - region.bottom);
  Picture picture{.title = function.name,
                  .subtitle = "f(x, y) = " + function.formula + ", " +
                              std::to_string(command.steps) + " steps from " + point_text(start),
                  .x_label = "x",
                  .y_label = "y",
                  .aspect = std::max(1.0, aspect),
                  .height_label = "f, above",
                  .mark = function.minimum,
                  .mark_label = "minimum, f = 0"};
  picture.grid = sample(region, function_grid, function_grid,
                        [&](double x, double y) { return value_at(function, x, y); });
  picture.levels = contour_levels(picture.grid, level_count);
  std::vector<OptimizerSettings> all;
  for (const Variant& variant : command.variants) {
    OptimizerSettings settings =
        resolve_settings(variant, command.variants, false, command.options.overrides);
    if (!gives_lr(command.options.overrides, variant)) {
      settings.lr = best_learning_rate(function, settings, start, command.steps);
      settings.plasticity.lr = settings.lr;
    }
    all.push_back(settings);
    Trajectory way = follow(function, settings, start, command.steps);
    const std::string end = way.diverged ? "diverges at step " + std::to_string(way.points.size())
                                         : "ends at f = " + three_digits(way.loss);
    std::cout << variant.name << ": lr " << brief(settings.lr) << ", " << end << ", at "
              << point_text(way.points.back()) << std::endl;
    picture.paths.push_back({.name = variant.name,
                             .notes = {"lr " + brief(settings.lr), end},
                             .points = std::move(way.points)});
  }
  for (const std::string& sentence :
       idle_overrides(command.options.overrides, command.variants, all)) {
    std::cout << "warning    " << sentence << "\n";
  }
  return picture;
}

Picture picture_of_runs(const LandscapeCommand& command) {
  const std::int64_t points = command.run.grid * command.run.grid;
  Progress progress(points);
  return run_landscape(paths_of_utf8(command.what), command.run, [&](std::int64_t done) {
    if (progress.due()) {
      progress.update(done, "computing losses",
                      std::to_string(done) + " of " + std::to_string(points));
    }
  });
}

// Options that mean something for functions only, or for runs only.
void check_given(const CLI::App& app, bool is_function) {
  constexpr std::array for_runs = {"images", "grid", "range", "seed"};
  for (const CLI::Option* option : app.get_options()) {
    if (option->count() == 0 || option->get_lnames().empty()) continue;
    const std::string& name = option->get_lnames().front();
    if (name == "out") continue;
    const bool is_for_runs = std::ranges::find(for_runs, name) != for_runs.end();
    if (is_for_runs == is_function) {
      throw UsageError("--" + name +
                       (is_for_runs ? " is for runs; leave it out for a function"
                                    : " is for functions; leave it out for runs"));
    }
  }
}

void draw(const CLI::App& app, const LandscapeCommand& command) {
  if (std::ranges::find(command.what, "") != command.what.end()) {
    throw UsageError("WHAT: expected a function or a folder, got nothing");
  }
  const TestFunction* function = find_test_function(command.what.front());
  check_given(app, function != nullptr);
  if (function != nullptr && command.what.size() > 1) {
    throw UsageError("expected one function or folders of runs, got " + function->name + " and " +
                     printable(command.what[1]));
  }
  if (command.out.empty()) throw UsageError("say where the picture goes: --out FILE.svg");
  if (command.out.extension() != ".svg") {
    throw UsageError("--out: expected a name that ends in .svg, got '" + command.out.string() +
                     "'");
  }
  std::error_code unreadable;
  if (function == nullptr && !fs::exists(path_of_utf8(command.what.front()), unreadable)) {
    throw UsageError("WHAT: " + printable(command.what.front()) +
                     " is neither a function nor a folder; the functions are " +
                     test_function_names());
  }
  // Before the work, which may take minutes.
  const fs::path target = behind_links("landscape", command.out);
  check_writable_folder("landscape", target.has_parent_path() ? target.parent_path() : ".");
  const Picture picture =
      function != nullptr ? function_picture(command, *function) : picture_of_runs(command);
  write_file_atomically(command.out, picture_svg(picture));
  std::cout << "picture in " << printable(command.out.string()) << std::endl;
}

std::string footer() {
  return "For a FUNCTION, the library's optimizers run on a parameter of two elements, and their\n"
         "paths are drawn on the function's contours. An optimizer whose --lr is not given gets "
         "the\n"
         "one, of its usual rate times 0.001 to 1000 in half decades, that ends lowest after "
         "--steps\nwithout having left the picture.\n"
         "--lr and the other options of optimizers take one value for all or one for each name:\n"
         "--lr sgd=0.01,fast=0.1; --help-np lists NeuroPlastic's.\n"
         "\n"
         "For a RUN, a folder that train wrote with --out, the loss on some of its training "
         "images\n"
         "is computed around its network, along two random directions in which each filter is as\n"
         "long as the network's (Li et al., arXiv 1712.09913). Where the run kept networks on its\n"
         "way (train --keep-every N), or several runs of one network are given, it is computed on\n"
         "the plane of their first two principal components, with the paths drawn on it.\n"
         "docs/landscapes.md shows how to read the pictures.\n"
         "\n"
         "Examples:\n"
         "  plastic landscape rosenbrock --optimizers sgd,adam,neuroplastic --out rosenbrock.svg\n"
         "  plastic landscape quadratic --optimizers sgd,plain=sgd --momentum plain=0 --out q.svg\n"
         "  plastic landscape runs/first --out around.svg\n"
         "  plastic landscape runs/adam runs/sgd --grid 31 --out paths.svg";
}

void add_function_options(CLI::App& app, const std::shared_ptr<LandscapeCommand>& command) {
  const std::string group = "Functions";
  add_text_option(
      app, "--optimizers", "A,B,...", "sgd,adam,neuroplastic", group,
      "What to run: " + join(optimizer_names()) + "; NAME=OPTIMIZER gives one a name of its own",
      [command](const std::string& text) { command->variants = parse_variants(text); });
  add_text_option(app, "--steps", "N", std::to_string(command->steps), group, "Steps of each",
                  [command](const std::string& text) {
                    command->steps = static_cast<int>(parse_integer(text, 1, 1'000'000));
                  });
  add_text_option(app, "--start", "X,Y", "the function's usual", group, "Where they start",
                  [command](const std::string& text) { command->start = parse_point(text); });
}

void add_slice_options(CLI::App& app, const std::shared_ptr<LandscapeCommand>& command) {
  const std::string group = "Runs";
  RunLandscapeOptions& run = command->run;
  add_text_option(app, "--images", "N", std::to_string(run.images), group,
                  "Training images to compute the loss on", [&run](const std::string& text) {
                    run.images = parse_integer(text, 1, 1'000'000'000);
                  });
  add_text_option(app, "--grid", "N", std::to_string(run.grid), group, "Points along each axis",
                  [&run](const std::string& text) { run.grid = parse_integer(text, 3, 1000); });
  add_text_option(app, "--range", "X", brief(run.range), group,
                  "How far to go along random directions, in lengths of the filters",
                  [&run](const std::string& text) {
                    run.range =
                        parse_number(text, {.low = 0.0, .high = 1e3, .low_included = false});
                  });
  add_text_option(app, "--seed", "N", "0", group, "Draws the directions",
                  [&run](const std::string& text) { run.seed = parse_seed(text); });
}

}  // namespace

void add_landscape(CLI::App& program) {
  const auto command = std::make_shared<LandscapeCommand>();
  CLI::App& app = add_command(
      program, "landscape", "Draw optimizers on a function, or the loss around a network.",
      footer(), [command, &program] { draw(*program.get_subcommand("landscape"), *command); });
  app.add_option("WHAT", command->what,
                 "A function (" + test_function_names() + "), or folders of runs")
      ->required()
      ->type_name("FUNCTION|DIR...");
  add_function_options(app, command);
  add_optimizer_options(app, command->options);
  add_slice_options(app, command);
  add_text_option(app, "--out", "FILE", "", "Output", "The picture to write, an SVG file",
                  [command](const std::string& text) { command->out = path_of_utf8(text); });
}

}  // namespace plastic::apps
