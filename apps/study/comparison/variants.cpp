#include "apps/study/comparison/variants.h"

#include <algorithm>
#include <map>
#include <set>

#include "apps/cli/values.h"
#include "core/text.h"

namespace plastic::apps {
namespace {

constexpr std::size_t longest_name = 64;

Variant parse_variant(const std::string& text) {
  const std::size_t sign = text.find('=');
  if (sign == std::string::npos) {
    const std::string name = parse_choice(text, optimizer_names());
    return {.name = name, .optimizer = name};
  }
  Variant variant{.name = text.substr(0, sign),
                  .optimizer = parse_choice(text.substr(sign + 1), optimizer_names())};
  if (!is_variant_name(variant.name)) {
    throw UsageError("expected NAME=OPTIMIZER with a NAME of letters, digits, - _ and ., got '" +
                     text + "'");
  }
  const std::vector<std::string>& names = optimizer_names();
  if (variant.name != variant.optimizer && std::ranges::find(names, variant.name) != names.end()) {
    throw UsageError("'" + text + "': " + variant.name + " is another optimizer; choose a name");
  }
  return variant;
}

const std::string* value_in(const Settings& settings, const std::string& name) {
  for (const auto& [key, value] : settings) {
    if (key == name) return &value;
  }
  return nullptr;
}

}  // namespace

// Names become names of folders and stand before "=" and ",".
bool is_variant_name(std::string_view text) {
  return !text.empty() && text.size() <= longest_name && is_ascii_alphanumeric(text.front()) &&
         std::ranges::all_of(text, [](char c) {
           return is_ascii_alphanumeric(c) || c == '-' || c == '_' || c == '.';
         });
}

std::vector<Variant> parse_variants(const std::string& text) {
  std::vector<Variant> variants;
  for (const std::string& part : parse_list(text, false)) {
    const Variant variant = parse_variant(part);
    if (std::ranges::find(variants, variant.name, &Variant::name) != variants.end()) {
      throw UsageError("'" + variant.name +
                       "' is given twice; variants of an optimizer need names: " +
                       variant.optimizer + ",NAME=" + variant.optimizer);
    }
    variants.push_back(variant);
  }
  return variants;
}

std::vector<std::string> differences(std::span<const Settings> all) {
  // In the order in which they are met.
  std::vector<std::string> names;
  std::set<std::string> seen;
  for (const Settings& settings : all) {
    for (const auto& [name, value] : settings) {
      if (seen.insert(name).second) names.push_back(name);
    }
  }
  std::vector<std::vector<std::string>> parts(all.size());
  for (const std::string& name : names) {
    std::vector<const std::string*> values;
    for (const Settings& settings : all) values.push_back(value_in(settings, name));
    const bool is_same = std::ranges::all_of(values, [&](const std::string* value) {
      return value != nullptr && values.front() != nullptr && *value == *values.front();
    });
    if (is_same) continue;
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (values[i] != nullptr) parts[i].push_back(name + " " + *values[i]);
    }
  }
  std::vector<std::string> texts;
  for (const std::vector<std::string>& part : parts) texts.push_back(join(part));
  return texts;
}

std::vector<std::string> variant_labels(std::span<const Variant> variants,
                                        std::span<const OptimizerSettings> settings) {
  std::map<std::string, std::vector<std::size_t>> by_optimizer;
  for (std::size_t i = 0; i < variants.size(); ++i) {
    by_optimizer[variants[i].optimizer].push_back(i);
  }
  std::vector<std::string> labels(variants.size());
  for (const auto& [optimizer, members] : by_optimizer) {
    std::vector<Settings> all;
    for (const std::size_t i : members) {
      all.push_back(with_short_names(effective_settings(settings[i])));
    }
    const std::vector<std::string> differing = differences(all);
    for (std::size_t k = 0; k < members.size(); ++k) {
      const Variant& variant = variants[members[k]];
      std::vector<std::string> parts;
      if (variant.name != optimizer) parts.push_back(optimizer);
      if (!differing[k].empty()) parts.push_back(differing[k]);
      labels[members[k]] = variant.name + (parts.empty() ? "" : " (" + join(parts) + ")");
    }
  }
  return labels;
}

}  // namespace plastic::apps
