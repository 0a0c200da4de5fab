#include <algorithm>
#include <charconv>
#include <string>

#include "core/check.h"
#include "plastic/optim/optimizer_table.h"

namespace plastic::optim {
namespace {

[[noreturn]] void refuse(const OptimizerSettings& settings, std::string_view option,
                         std::string_view value, const char* allowed) {
  fail(settings.name.c_str(), "option ", option, " is \"", value, "\"; it must be ", allowed);
}

double number_in(const OptimizerSettings& settings, std::string_view option,
                 std::string_view value) {
  double number = 0;
  const char* end = value.data() + value.size();
  const auto [stopped, error] = std::from_chars(value.data(), end, number);
  if (error != std::errc() || stopped != end) refuse(settings, option, value, "a number");
  return number;
}

bool switch_in(const OptimizerSettings& settings, std::string_view option, std::string_view value) {
  if (value != "true" && value != "false") refuse(settings, option, value, "true or false");
  return value == "true";
}

std::string with(std::string_view name, char from, char to) {
  std::string text(name);
  std::ranges::replace(text, from, to);
  return text;
}

std::string options_of(const OptimizerSettings& settings, const OptimizerEntry& entry) {
  std::string names = "lr, weight-decay";
  for (const auto& [name, value] : settings.numbers) names += ", " + name;
  for (const auto& [name, is_on] : settings.switches) names += ", " + name;
  if (!entry.has_plasticity) return names;
  for (const NeuroPlasticOption& option : neuroplastic_option_table()) {
    if (option.name != entry.fixed_option) names += ", " + with(option.name, '_', '-');
  }
  return names;
}

}  // namespace

void set_option(OptimizerSettings& settings, std::string_view option, std::string_view value) {
  const OptimizerEntry& entry = find_optimizer(settings.name);
  const std::string dashed = with(option, '_', '-');
  const std::string underscored = with(option, '-', '_');
  if (dashed == "lr") {
    settings.lr = number_in(settings, option, value);
  } else if (dashed == "weight-decay") {
    settings.weight_decay = number_in(settings, option, value);
  } else if (const auto number = settings.numbers.find(dashed); number != settings.numbers.end()) {
    number->second = number_in(settings, option, value);
  } else if (const auto one = settings.switches.find(dashed); one != settings.switches.end()) {
    one->second = switch_in(settings, option, value);
  } else if (entry.has_plasticity && underscored != entry.fixed_option &&
             std::ranges::any_of(neuroplastic_option_table(),
                                 [&](const auto& row) { return row.name == underscored; })) {
    set_option(settings.plasticity, underscored, value);
  } else {
    fail(settings.name.c_str(), "no option \"", option, "\"; there are ",
         options_of(settings, entry));
  }
}

}  // namespace plastic::optim
