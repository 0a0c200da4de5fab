#include "apps/report/run_facts.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <string_view>
#include <system_error>

#include "apps/cli/config_reader.h"
#include "apps/cli/option_table.h"
#include "apps/cli/values.h"
#include "apps/runs/text_file.h"
#include "core/check.h"

namespace plastic::apps {
namespace {

namespace fs = std::filesystem;

template <class T>
std::optional<T> whole_number(const std::string& text) {
  T value{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (text.empty() || error != std::errc() || stop != end) return std::nullopt;
  return value;
}

int count_of(const std::string& text) { return std::max(whole_number<int>(text).value_or(0), 0); }

std::vector<ConfigEntry> read_entries(const fs::path& path) {
  try {
    return parse_config(path.string(), read_text("report", path));
  } catch (const UsageError& error) {
    // What is wrong with it is no fault of this command line.
    fail("report", error.what());
  }
}

// A value as config.toml and compare.json both have it.
std::string plain_value(std::string value) {
  std::erase(value, ' ');
  try {
    return exact(parse_number(value, {.low = -std::numeric_limits<double>::infinity(),
                                      .high = std::numeric_limits<double>::infinity()}));
  } catch (const UsageError&) {
    return value;
  }
}

const std::string* value_of(const Settings& settings, std::string_view name) {
  for (const auto& [key, value] : settings) {
    if (key == name) return &value;
  }
  return nullptr;
}

// Takes one setting to where it belongs.
void take(RunFacts& facts, const std::string& name, const std::string& value) {
  if (name == "seed") facts.seed = whole_number<std::uint64_t>(value);
  if (name == "optimizer") facts.optimizer = value;
  if (name == "epochs") facts.epochs = count_of(value);
  if (name == "early-stopping") facts.early_stopping = count_of(value);
  if (name == "data-dir") facts.place = value;
  // What this program does not know may decide the run.
  const Option* option = find_option(name);
  const Effect effect = option == nullptr ? Effect::setting : option->effect;
  if (effect == Effect::condition) facts.conditions.emplace_back(name, plain_value(value));
  if (effect == Effect::setting && name != "optimizer") facts.settings.emplace_back(name, value);
}

// The name of a data set of the user's own says nothing without where it lies.
void settle_place(RunFacts& facts) {
  const std::string* data = value_of(facts.conditions, "data");
  if (data == nullptr || *data != "folder") facts.place.clear();
  const std::string name = without_place(facts.place);
  if (!facts.place.empty()) facts.conditions.emplace_back("data-dir", name);
}

}  // namespace

RunFacts facts_of_config(const fs::path& path) {
  RunFacts facts;
  for (const ConfigEntry& entry : read_entries(path)) take(facts, entry.key, entry.value);
  settle_place(facts);
  return facts;
}

RunFacts facts_of_comparison(const ListedComparison& comparison) {
  RunFacts facts;
  for (const auto& [name, value] : comparison.facts) {
    if (find_option(dashed(name)) != nullptr) take(facts, dashed(name), value);
  }
  return facts;
}

std::string shown_config(const fs::path& path) {
  std::string text;
  for (const ConfigEntry& entry : read_entries(path)) {
    const Option* option = find_option(entry.key);
    if (option != nullptr && option->effect == Effect::call) continue;
    text +=
        entry.key + " = " +
        (entry.key == "data-dir" ? without_place("/" + entry.value) : without_place(entry.value));
    text += "\n";
  }
  return text;
}

std::string without_place(const std::string& value) {
  if (!value.starts_with('/') && !value.starts_with("~/")) return value;
  const std::size_t end = value.find_last_not_of('/');
  if (end == std::string::npos) return "";
  const std::size_t begin = value.find_last_of('/', end);
  return value.substr(begin == std::string::npos ? 0 : begin + 1,
                      end - (begin == std::string::npos ? 0 : begin + 1) + 1);
}

std::string data_text(const Settings& conditions) {
  const std::string* data = value_of(conditions, "data");
  if (data == nullptr) return "";
  const std::string* folder = value_of(conditions, "data-dir");
  return *data + (folder == nullptr ? "" : " " + *folder);
}

std::string conditions_text(const Settings& conditions) {
  std::vector<std::string> parts;
  if (const std::string* size = value_of(conditions, "image-size")) {
    parts.push_back("images of " + *size + " x " + *size);
  }
  if (const std::string* model = value_of(conditions, "model")) {
    std::string text = *model;
    if (const std::string* hidden = value_of(conditions, "hidden")) {
      std::string sizes = *hidden;
      std::ranges::replace(sizes, ',', '-');
      text += " " + sizes;
    }
    parts.push_back(text);
  }
  if (const std::string* epochs = value_of(conditions, "epochs")) {
    parts.push_back(*epochs + (*epochs == "1" ? " epoch" : " epochs"));
  }
  const std::string* fraction = value_of(conditions, "fraction");
  if (fraction != nullptr && *fraction != "1") parts.push_back("fraction " + *fraction);
  if (const std::string* limit = value_of(conditions, "limit-per-class")) {
    parts.push_back(*limit + " per class");
  }
  if (const std::string* validation = value_of(conditions, "validation")) {
    parts.push_back("validation " + *validation);
  }
  if (const std::string* noise = value_of(conditions, "label-noise")) {
    const std::string* kind = value_of(conditions, "label-noise-kind");
    parts.push_back((kind == nullptr ? "" : *kind + " ") + "label noise " + *noise);
  }
  return join(parts);
}

namespace {

// Whether it is one of NeuroPlastic's options, and as usual.
bool is_usual(const std::string& name, const std::string& value) {
  const OptimizerOption* option = find_optimizer_option(name);
  return option != nullptr && option->is_plasticity() && option->defaults == value;
}

}  // namespace

std::string settings_text(const std::string& optimizer, const Settings& settings) {
  std::vector<std::string> parts;
  for (const auto& [name, value] : effective_settings(optimizer, settings)) {
    if (!is_usual(name, value)) parts.push_back(name + " " + without_place(value));
  }
  return join(parts);
}

}  // namespace plastic::apps
