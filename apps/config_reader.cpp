#include "apps/config_reader.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "apps/text_file.h"
#include "apps/toml_guard.h"
#include "apps/values.h"
#include "core/json_text.h"
#include "core/text.h"

// Compiled here and not taken from the system's library, whose bounds are others.
#undef TOML_SHARED_LIB
#undef TOML_HEADER_ONLY
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 1
#define TOML_ENABLE_FORMATTERS 0
// Lists and tables within each other: far more than settings need, and few enough to be walked by
// recursion.
#define TOML_MAX_NESTED_VALUES 16
#include <toml++/toml.h>

namespace plastic::apps {
namespace {

bool is_bare(std::string_view key) {
  return !key.empty() && std::ranges::all_of(key, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
}

/// A key as it would have to be written: one with a dot in it is not one of two parts.
std::string written(std::string_view key) {
  if (is_bare(key)) return std::string(key);
  return json_string(std::string(key)).value_or("\"?\"");
}

class Settings {
 public:
  explicit Settings(const std::string& name) : name_(name) {}

  void add(const toml::table& table, const std::string& prefix) {
    for (const auto& [key, node] : table) {
      const std::string name = prefix + written(key.str());
      line_ = key.source().begin.line;
      if (const toml::table* inner = node.as_table()) {
        add(*inner, name + ".");
      } else {
        const Place place{line_, key.source().begin.column};
        std::string value = node.is_array() ? list(*node.as_array()) : scalar(node);
        found_.push_back({place, {name, std::move(value), static_cast<int>(place.line)}});
      }
    }
  }

  /// In the order of the text; toml++ has them in that of their names.
  std::vector<ConfigEntry> take() {
    std::ranges::sort(found_, {},
                      [](const Found& one) { return std::pair(one.place.line, one.place.column); });
    std::vector<ConfigEntry> entries;
    entries.reserve(found_.size());
    for (Found& one : found_) entries.push_back(std::move(one.entry));
    return entries;
  }

 private:
  struct Place {
    toml::source_index line;
    toml::source_index column;
  };
  struct Found {
    Place place;
    ConfigEntry entry;
  };

  [[noreturn]] void refuse(const std::string& reason) const {
    throw UsageError(name_ + ": line " + std::to_string(line_) + ": " + reason);
  }

  std::string list(const toml::array& array) {
    std::vector<std::string> parts;
    for (const toml::node& element : array) {
      line_ = std::max(line_, element.source().begin.line);
      if (element.is_table()) refuse("lists of tables are not understood");
      if (element.is_array()) refuse("lists in lists are not understood");
      parts.push_back(scalar(element));
    }
    return join(parts, ",");
  }

  std::string scalar(const toml::node& node) const {
    if (const auto* text = node.as_string()) {
      if (text->get().find('\0') != std::string::npos) refuse("text with a character 0 in it");
      return text->get();
    }
    if (const auto* number = node.as_integer()) return std::to_string(number->get());
    if (const auto* number = node.as_floating_point()) return floating(number->get());
    if (const auto* truth = node.as_boolean()) return truth->get() ? "true" : "false";
    refuse("expected a number, true, false, a list or text in quotes; dates are not understood");
  }

  /// That it is no whole number stays visible: 1.0 is no number of epochs.
  static std::string floating(double value) {
    if (std::isnan(value)) return "nan";
    std::string text = exact(value);
    if (text.find_first_of(".ein") == std::string::npos) text += ".0";
    return text;
  }

  const std::string& name_;
  toml::source_index line_ = 1;
  std::vector<Found> found_;
};

}  // namespace

std::vector<ConfigEntry> parse_config(const std::string& name, std::string_view text) {
  const auto refuse = [&name](std::uint64_t line, std::string_view reason) {
    throw UsageError(name + ": line " + std::to_string(line) + ": " + std::string(reason));
  };
  if (const auto excess = find_excess(text)) refuse(excess->line, excess->what);
  if (!is_utf8(text)) refuse(1, "the text is not UTF-8");
  Settings settings(name);
  try {
    settings.add(toml::parse(text), "");
  } catch (const toml::parse_error& error) {
    std::string reason(error.description());
    if (!reason.empty()) reason[0] = ascii_lower(reason[0]);
    refuse(error.source().begin.line, reason);
  }
  return settings.take();
}

std::vector<ConfigEntry> read_config(const std::filesystem::path& path) {
  return parse_config(path.string(), read_text("config", path));
}

}  // namespace plastic::apps
