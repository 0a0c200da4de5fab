#include "apps/training/divergence.h"

#include <cstdint>
#include <system_error>
#include <vector>

#include "apps/cli/values.h"
#include "apps/runs/json_parser.h"
#include "apps/runs/run_files.h"
#include "apps/runs/text_file.h"
#include "core/check.h"

namespace plastic::apps {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr std::int64_t last_epoch = 1'000'000'000;

// An option that decides how large steps are, and for which settings it does.
struct StepSize {
  const char* option;
  bool (*counts)(const OptimizerSettings&);
};

// The number that tells Prodigy's settings from others'; its lr is a schedule's factor.
bool estimates_its_rate(const OptimizerSettings& settings) {
  return settings.numbers.contains("d-coef");
}

constexpr StepSize step_sizes[] = {
    {"lr", [](const OptimizerSettings& settings) { return !estimates_its_rate(settings); }},
    {"d-coef", estimates_its_rate},
    {"adamw-lr",
     [](const OptimizerSettings& settings) { return settings.numbers.contains("adamw-lr"); }},
    {"sam", [](const OptimizerSettings& settings) { return settings.sam > 0; }},
    // The classic rule's own limit is 1; a hybrid's steps are often given a larger one, or none.
    {"np.max-update-norm",
     [](const OptimizerSettings& settings) {
       return is_neuroplastic(settings.name) &&
              settings.plasticity.max_update_norm > optim::NeuroPlasticOptions().max_update_norm;
     }},
};

}  // namespace

std::string divergence_remedy(const OptimizerSettings& settings) {
  std::vector<std::string> options;
  for (const StepSize& one : step_sizes) {
    if (one.counts(settings)) options.push_back(std::string("--") + one.option);
  }
  return "a smaller " + join(options, " or ");
}

fs::path divergence_path(const fs::path& folder) { return folder / divergence_file; }

void save_divergence(const fs::path& folder, const Divergence& divergence) {
  const ordered_json json = {{"epoch", divergence.epoch}, {"where", divergence.where}};
  write_run_file(divergence_path(folder), json.dump() + "\n");
}

std::optional<Divergence> load_divergence(const char* op, const fs::path& folder) {
  const fs::path path = divergence_path(folder);
  std::error_code error;
  if (fs::symlink_status(path, error).type() == fs::file_type::not_found) return std::nullopt;
  try {
    const ordered_json json = parse_json(read_text(op, path));
    if (json.is_object() && json.contains("epoch") && json.contains("where") &&
        json["epoch"].is_number_integer() && json["where"].is_string()) {
      const auto epoch = json["epoch"].get<std::int64_t>();
      if (epoch >= 1 && epoch <= last_epoch) {
        return Divergence{.epoch = static_cast<int>(epoch),
                          .where = json["where"].get<std::string>()};
      }
    }
  } catch (const BadJson& wrong) {
    fail(op, path.string(), ": ", wrong.what());
  }
  fail(op, path.string(), ": expected an object with \"epoch\", from 1, and \"where\", a text");
}

}  // namespace plastic::apps
