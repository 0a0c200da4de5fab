// plastic export: a trained network for other programs.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <functional>
#include <iostream>
#include <memory>

#include "apps/cli/options.h"
#include "apps/cli/values.h"
#include "apps/commands/commands.h"
#include "apps/runs/kept_networks.h"
#include "apps/runs/run_file_names.h"
#include "apps/runs/saved_model.h"
#include "apps/terminal/terminal_text.h"
#include "core/check.h"
#include "core/io/atomic_file.h"
#include "core/io/utf8_path.h"
#include "plastic/nn/onnx.h"

namespace plastic::apps {
namespace {

namespace fs = std::filesystem;

struct ExportOptions {
  fs::path run;
  fs::path onnx;
  fs::path safetensors;
  bool overwrite = false;
};

// A file of a run is what the run continues from, or what predict would then use.
bool is_of_run(const fs::path& path) {
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  std::error_code unreadable;
  if (!fs::exists(folder / config_file, unreadable)) return false;
  return std::ranges::count(run_file_names, path.filename().string()) > 0 ||
         is_name_of_kept_network(path);
}

void check_free(const fs::path& path, bool overwrite) {
  // Over a link the file that it points to would be replaced.
  for (const fs::path& place : {path, behind_links("export", path)}) {
    if (is_of_run(place)) {
      fail("export", path.string(), ": has the name of a file of the run in ",
           fs::absolute(place).parent_path().string(), "; choose another");
    }
  }
  std::error_code unreadable;
  if (!overwrite && fs::exists(fs::symlink_status(path, unreadable))) {
    fail("export", path.string(), ": is there already; choose another name, or replace it with ",
         "--overwrite");
  }
}

void write(const fs::path& path, const char* format, const std::function<void()>& save) {
  save();
  std::error_code unreadable;
  std::cout << format << " " << printable(path.string()) << ", " << fs::file_size(path, unreadable)
            << " bytes" << std::endl;
}

void export_network(const ExportOptions& options) {
  if (options.run.empty()) throw UsageError("RUN: expected a folder or a file, got nothing");
  if (options.onnx.empty() && options.safetensors.empty()) {
    throw UsageError("nothing to write; give --onnx FILE, --safetensors FILE or both");
  }
  const auto place = [](const fs::path& path) {
    return fs::weakly_canonical(fs::absolute(behind_links("export", path)));
  };
  if (!options.onnx.empty() && !options.safetensors.empty() &&
      place(options.onnx) == place(options.safetensors)) {
    throw UsageError("--onnx and --safetensors: both are " + printable(options.onnx.string()) +
                     "; give two files");
  }
  for (const fs::path& path : {options.onnx, options.safetensors}) {
    if (!path.empty()) check_free(path, options.overwrite);
  }
  const SavedModel saved = load_saved_model(options.run);
  std::cout << nn::describe(saved) << " trained on " << printable(saved.data) << ", epoch "
            << saved.epoch << " (" << printable(saved.weights.string()) << ")\n";
  if (!options.onnx.empty()) {
    write(options.onnx, "onnx       ", [&] { save_onnx(options.onnx, saved); });
  }
  if (!options.safetensors.empty()) {
    write(options.safetensors, "safetensors", [&] { save_classifier(options.safetensors, saved); });
  }
}

std::string footer() {
  return "RUN is a folder that train wrote with --out, of which best.safetensors is taken if "
         "kept,\n"
         "otherwise checkpoint.safetensors; or one such file. Either format holds the network as\n"
         "it is evaluated, and what it needs: the names of its classes and how its input was\n"
         "normalised, in the metadata. ONNX is run by ONNX Runtime and others: \"input\" takes\n"
         "images (batch, channels, height, width) as 32-bit numbers, (byte / 255 - mean) /\n"
         "deviation for each channel, and \"output\" gives a logit for each class. A safetensors\n"
         "file holds the weights under PyTorch's names, and is read by predict and "
         "nn::load_run().\n"
         "A file that is there is replaced only with --overwrite, and files of runs never.\n"
         "\n"
         "Examples:\n"
         "  plastic export runs/first --onnx first.onnx\n"
         "  plastic export runs/first --safetensors first.safetensors --overwrite";
}

}  // namespace

void add_export(CLI::App& program) {
  const auto options = std::make_shared<ExportOptions>();
  CLI::App& command = add_command(program, "export", "Write a trained network for other programs.",
                                  footer(), [options] { export_network(*options); });
  command
      .add_option_function<std::string>(
          "RUN", [options](const std::string& text) { options->run = path_of_utf8(text); },
          "The folder of a run, written by train with --out, or a .safetensors file in it")
      ->required()
      ->type_name("RUN");
  const auto add_file = [&](const char* name, const char* description, fs::path& path) {
    add_text_option(command, name, "FILE", "", "Output", description,
                    [&path, options](const std::string& text) {
                      if (text.empty()) throw UsageError("expected a file, got nothing");
                      path = path_of_utf8(text);
                    });
  };
  add_file("--onnx", "Write an ONNX model", options->onnx);
  add_file("--safetensors", "Write weights and metadata", options->safetensors);
  add_switch(command, "--overwrite", "Output", "Replace files that are there", options->overwrite);
}

}  // namespace plastic::apps
