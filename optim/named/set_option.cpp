#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "core/check.h"
#include "core/number_text.h"
#include "plastic/optim/optimizer_table.h"

namespace plastic::optim {
namespace {

constexpr const char* a_number = "a number";
constexpr const char* a_switch = "true or false";

[[noreturn]] void refuse(const OptimizerSettings& settings, std::string_view option,
                         std::string_view value, const char* allowed) {
  fail(settings.name.c_str(), "option ", option, " is \"", value, "\"; it must be ", allowed);
}

double number_in(const OptimizerSettings& settings, std::string_view option,
                 std::string_view value) {
  double number = 0;
  const char* end = value.data() + value.size();
  const auto [stopped, error] = number_from_chars(value.data(), end, number);
  if (error != std::errc() || stopped != end) refuse(settings, option, value, a_number);
  return number;
}

bool switch_in(const OptimizerSettings& settings, std::string_view option, std::string_view value) {
  if (value != "true" && value != "false") refuse(settings, option, value, a_switch);
  return value == "true";
}

std::string with(std::string_view name, char from, char to) {
  std::string text(name);
  std::ranges::replace(text, from, to);
  return text;
}

std::string names_of(const OptimizerEntry& entry) {
  std::string names;
  for (const OptimizerOption& option : options_of(entry)) {
    names += (names.empty() ? "" : ", ") + with(option.name, '_', '-');
  }
  return names;
}

std::string text_of(double value) {
  std::array<char, 32> text{};
  const auto result = std::to_chars(text.data(), text.data() + text.size(), value);
  return {text.data(), result.ptr};
}

std::string text_of(bool is_on) { return is_on ? "true" : "false"; }

}  // namespace

std::vector<OptimizerOption> options_of(const OptimizerEntry& entry) {
  const OptimizerSettings& defaults = entry.defaults;
  std::vector<OptimizerOption> options;
  const auto add = [&](std::string_view name, const std::string& values, const std::string& text) {
    options.push_back({with(name, '-', '_'), values, text});
  };
  add("lr", a_number, text_of(defaults.lr));
  add("weight-decay", a_number, text_of(defaults.weight_decay));
  for (const auto& [name, value] : defaults.numbers) add(name, a_number, text_of(value));
  for (const auto& [name, is_on] : defaults.switches) add(name, a_switch, text_of(is_on));
  if (!entry.has_plasticity) return options;
  for (const NeuroPlasticOption& option : neuroplastic_option_table()) {
    if (option.name == entry.fixed_option) continue;
    add(option.name, option.values, option.get(defaults.plasticity));
  }
  return options;
}

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
    fail(settings.name.c_str(), "no option \"", option, "\"; there are ", names_of(entry));
  }
}

}  // namespace plastic::optim
