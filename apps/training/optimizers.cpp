#include "apps/training/optimizers.h"

#include <algorithm>

#include "core/check.h"
#include "plastic/optim/sam.h"

namespace plastic::apps {
namespace {

// The settings of arXiv 2604.26297, where those differ from the optimizers' own.
void apply_paper(OptimizerSettings& settings) {
  if (settings.name == "neuroplastic") {
    settings.plasticity.plasticity_scale = 2.0;
    settings.plasticity.warmup_epochs = 2;
  } else if (settings.name == "grad-only") {
    settings.plasticity.min_alpha = 0.5;
    settings.plasticity.max_alpha = 1.5;
  } else if (settings.name == "adamw") {
    settings.lr_decay = 0.97;
  }
}

}  // namespace

const std::vector<OptimizerEntry>& optimizer_table() {
  static const std::vector<OptimizerEntry> table = [] {
    std::vector<OptimizerEntry> all;
    for (const optim::OptimizerEntry& entry : optim::optimizer_table()) {
      all.push_back({.name = entry.name,
                     .defaults = {entry.defaults},
                     .has_plasticity = entry.has_plasticity,
                     .fixed_option = entry.fixed_option});
    }
    return all;
  }();
  return table;
}

const OptimizerEntry& find_optimizer(const std::string& name) {
  // Throws for an unknown name.
  optim::find_optimizer(name);
  return *std::ranges::find(optimizer_table(), name, &OptimizerEntry::name);
}

const std::vector<std::string>& optimizer_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const OptimizerEntry& entry : optimizer_table()) all.push_back(entry.name);
    return all;
  }();
  return names;
}

bool is_neuroplastic(const std::string& name) { return find_optimizer(name).has_plasticity; }

OptimizerSettings default_settings(const std::string& name, bool paper) {
  OptimizerSettings settings = find_optimizer(name).defaults;
  if (paper) apply_paper(settings);
  return settings;
}

std::unique_ptr<optim::Optimizer> make_optimizer(const OptimizerSettings& settings,
                                                 const std::vector<Tensor>& parameters) {
  std::unique_ptr<optim::Optimizer> optimizer = optim::make_optimizer(settings, parameters);
  if (settings.sam == 0) return optimizer;
  return std::make_unique<optim::Sam>(
      std::move(optimizer),
      optim::SamOptions{.rho = settings.sam, .adaptive = settings.sam_adaptive});
}

Diagnostics last_diagnostics(const optim::Optimizer& optimizer) {
  Diagnostics out;
  for (const auto& [name, value] : optimizer.diagnostics()) out.emplace_back(name, value);
  return out;
}

Diagnostics diagnostic_names() {
  Diagnostics out;
  for (const optim::NeuroPlasticDiagnostic& row : optim::neuroplastic_diagnostic_table()) {
    out.emplace_back(row.name, 0);
  }
  return out;
}

}  // namespace plastic::apps
