// plastic curvature: the loss of a trained network around its weights.
#include "apps/training/curvature.h"

#include <CLI/CLI.hpp>
#include <cmath>
#include <iostream>
#include <memory>

#include "apps/cli/options.h"
#include "apps/cli/values.h"
#include "apps/commands/landscape_commands.h"
#include "apps/microscope/short_number.h"
#include "apps/runs/checkpoint.h"
#include "apps/runs/curvature_file.h"
#include "apps/runs/run_config.h"
#include "apps/runs/run_folder.h"
#include "apps/runs/saved_model.h"
#include "apps/terminal/terminal_text.h"
#include "core/check.h"
#include "core/io/utf8_path.h"
#include "core/shell_text.h"

namespace plastic::apps {
namespace {

namespace fs = std::filesystem;

struct CurvatureCommand {
  fs::path run;
  bool best = false;
  CurvatureOptions options = {};
};

fs::path weights_of(const CurvatureCommand& command) {
  const fs::path path = command.best ? best_path(command.run) : checkpoint_path(command.run);
  std::error_code unreadable;
  if (fs::exists(path, unreadable)) return path;
  fail("curvature", command.run.string(), ": has no ", path.filename().string(), "; ",
       command.best ? "'plastic train --keep-best' keeps one, or give --checkpoint last"
                    : "its first epoch was not finished: 'plastic train --resume' continues it");
}

void print(const Curvature& curvature, const RunOptions& options) {
  const auto& hessian = curvature.hessian;
  std::cout << "loss " << short_number(curvature.loss) << " on " << curvature.images
            << " of its training images, without dropout and augmentation\n\n";
  for (std::size_t i = 0; i < hessian.values.size(); ++i) {
    std::cout << (i == 0 ? "largest eigenvalue  " : "                    ")
              << short_number(hessian.values[i]) << ", residual "
              << short_number(hessian.residuals[i]);
    if (i == 0) {
      std::cout << ", after " << hessian.iterations << " products of the Hessian with a vector";
    }
    std::cout << "\n";
  }
  if (!hessian.converged) {
    std::cout << "warning    not exact: the true one may be further off than 0.02%"
              << (hessian.roughness > 1e-4 ? ", as ReLUs change sides next to these weights" : "")
              << "; its residual says how far\n";
  }
  std::cout << stability_text(options.run.optimizer, hessian.values.front()) << "\n\n"
            << "noise scale         " << short_number(curvature.noise.scale) << " images";
  if (curvature.noise_interval.is_known()) {
    std::cout << ", 95% interval " << short_number(curvature.noise_interval.low) << " to "
              << (std::isinf(curvature.noise_interval.high)
                      ? "infinity"
                      : short_number(curvature.noise_interval.high));
  }
  std::cout << "; length of the gradient " << short_number(curvature.noise.gradient_norm) << "\n"
            << noise_text(curvature, options.run.batch_size) << std::endl;
}

void measure(const CurvatureCommand& command) {
  const RunOptions options = read_run_options(command.run);
  const fs::path weights = weights_of(command);
  const SavedModel saved = load_saved_model(weights);
  if (options.threads) set_num_threads(*options.threads);
  const data::DatasetPair data = load_data(options);
  std::cout << nn::describe(saved) << " trained on " << printable(saved.data) << ", epoch "
            << saved.epoch << " (" << printable(weights.string()) << ")" << std::endl;
  Curvature curvature =
      measure_curvature(options.run, data.train, saved.network->state_dict(), command.options);
  curvature.epoch = saved.epoch;
  curvature.step = saved.epoch * steps_per_epoch(options.run, data.train);
  if (!command.best) {
    // Within an epoch, the weights are further than its end.
    const auto checkpoint = load_checkpoint(command.run);
    if (checkpoint) curvature.step = steps_done(checkpoint->state);
  }
  print(curvature, options);
  CurvatureFile file(command.run);
  keep_private(command.run);
  file.append(curvature);
  std::cout << "\nadded to " << printable(file.path().string()) << std::endl;
}

std::string footer() {
  return "RUN is a folder that train wrote with --out; its data set must be there, too. The "
         "largest\n"
         "eigenvalue of the loss's Hessian is how sharply the loss curves in its sharpest\n"
         "direction. The noise scale (McCandlish et al., arXiv 1812.06162) is the variance of the\n"
         "gradient of one image, summed over the weights, over the squared length of the mean\n"
         "gradient. Both are measured in f64 on the CPU, in evaluation mode, on images drawn from\n"
         "those the run trains on, in batches of " +
         std::to_string(curvature_batch) +
         "; the same command gives the same numbers. Each\n"
         "measurement is added to RUN/curvature.jsonl, a JSON object per line. 'plastic train\n"
         "--curvature N' measures after every N epochs; docs/landscapes.md explains the numbers.\n"
         "\n"
         "Examples:\n"
         "  plastic curvature runs/first\n"
         "  plastic curvature runs/first --images 512 --eigenvalues 5";
}

}  // namespace

void add_curvature(CLI::App& program) {
  const auto command = std::make_shared<CurvatureCommand>();
  CLI::App& app = add_command(program, "curvature",
                              "Measure how sharp the loss of a trained network is, and how noisy "
                              "its gradient.",
                              footer(), [command] {
                                if (command->run.empty()) {
                                  throw UsageError("RUN: expected a folder, got nothing");
                                }
                                measure(*command);
                              });
  app.add_option_function<std::string>(
         "RUN", [command](const std::string& text) { command->run = path_of_utf8(text); },
         "The folder of a run")
      ->required()
      ->type_name("DIR");
  add_text_option(app, "--images", "N", std::to_string(command->options.images), "Curvature",
                  "Images to measure on; in whole batches", [command](const std::string& text) {
                    command->options.images =
                        parse_integer(text, 2 * curvature_batch, 1'000'000'000);
                  });
  add_text_option(app, "--eigenvalues", "K", "1", "Curvature", "How many of the largest to find",
                  [command](const std::string& text) {
                    command->options.eigenvalues = static_cast<int>(parse_integer(text, 1, 100));
                  });
  add_text_option(app, "--checkpoint", "NAME", "last", "Curvature",
                  "Which network: last, or best, which --keep-best kept",
                  [command](const std::string& text) {
                    command->best = parse_choice(text, {"last", "best"}) == "best";
                  });
}

}  // namespace plastic::apps
