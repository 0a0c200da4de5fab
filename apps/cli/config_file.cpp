#include "apps/cli/config_file.h"

#include "apps/cli/values.h"
#include "apps/training/augmentation.h"
#include "apps/training/schedules.h"
#include "core/text.h"

namespace plastic::apps {
namespace {

std::string toml_string(std::string_view text) {
  constexpr std::string_view letters = "\"\\bfnrt";
  constexpr std::string_view meanings = "\"\\\b\f\n\r\t";
  std::string out = "\"";
  for (const char c : text) {
    const std::size_t at = meanings.find(c);
    if (at != std::string_view::npos) out += '\\';
    out += at == std::string_view::npos ? c : letters[at];
  }
  out += '"';
  return out;
}

bool is_number_or_switch(const std::string& value) {
  return value == "true" || value == "false" ||
         (!value.empty() && (is_ascii_digit(value[0]) || value[0] == '-'));
}

}  // namespace

std::string config_text(const RunSettings& settings, const TrainConfig& config) {
  const OptimizerSettings& optimizer = config.optimizer;
  TextStream out;
  out << "# Repeat this run: plastic train --config THIS-FILE --out FOLDER\n"
      << "data = " << toml_string(settings.data) << "\n";
  if (!settings.data_dir.empty()) {
    out << "data-dir = " << toml_string(std::filesystem::absolute(settings.data_dir).string())
        << "\n";
  }
  if (settings.image_size != 0) out << "image-size = " << settings.image_size << "\n";
  if (!settings.orientation.empty()) {
    out << "orientation = " << toml_string(settings.orientation) << "\n";
  }
  if (settings.skip_bad_images) out << "skip-bad-images = true\n";
  if (config.augment.any()) {
    std::vector<std::string> parts;
    for (const std::string& part : augment_parts(config.augment)) {
      parts.push_back(toml_string(part));
    }
    out << "augment = [" << join(parts) << "]\n";
  }
  out << "fraction = " << exact(config.fraction) << "\n"
      << "model = " << toml_string(config.model) << "\n";
  if (config.hidden) {
    std::vector<std::string> hidden;
    for (const std::int64_t size : *config.hidden) hidden.push_back(std::to_string(size));
    out << "hidden = [" << join(hidden) << "]\n";
  }
  if (config.dropout) out << "dropout = " << exact(*config.dropout) << "\n";
  out << "optimizer = " << toml_string(optimizer.name) << "\n"
      << "lr = " << exact(optimizer.lr) << "\n"
      << "weight-decay = " << exact(optimizer.weight_decay) << "\n"
      << "lr-decay = " << exact(optimizer.lr_decay) << "\n";
  if (optimizer.name == "sgd") out << "momentum = " << exact(optimizer.momentum) << "\n";
  out << "seed = " << config.seed << "\n"
      << "epochs = " << config.epochs << "\n"
      << "batch-size = " << config.batch_size << "\n"
      << (config.drop_last ? "drop-last = true\n" : "")
      << "schedule = " << toml_string(name_of(config.schedule)) << "\n"
      << "warmup = " << config.warmup_epochs << "\n"
      << "device = " << toml_string(to_string(config.device)) << "\n"
      << "precision = " << toml_string(to_string(settings.arithmetic.precision)) << "\n"
      << "threads = " << settings.threads << "\n"
      << "prefetch = " << config.prefetch_threads << "\n";
  if (settings.arithmetic.deterministic) out << "deterministic = true\n";
  if (settings.keep_best) out << "keep-best = true\n";
  if (settings.early_stopping > 0) out << "early-stopping = " << settings.early_stopping << "\n";
  if (!is_neuroplastic(optimizer.name)) return out.str();
  out << "\n[np]\n";
  for (const optim::NeuroPlasticOption& option : optim::neuroplastic_option_table()) {
    if (optimizer.name == "grad-only" && option.name == "mode") continue;
    const std::string value = option.get(optimizer.plasticity);
    out << dashed(option.name) << " = " << (is_number_or_switch(value) ? value : toml_string(value))
        << "\n";
  }
  return out.str();
}

}  // namespace plastic::apps
