#include "apps/cli/option_value.h"

#include <limits>

#include "apps/cli/values.h"

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

struct TomlPrinter {
  std::string operator()(std::monostate) const { return ""; }
  std::string operator()(bool value) const { return value ? "true" : "false"; }
  std::string operator()(std::int64_t value) const { return std::to_string(value); }
  std::string operator()(std::uint64_t value) const { return std::to_string(value); }
  std::string operator()(double value) const { return exact(value); }
  std::string operator()(const std::string& value) const { return toml_string(value); }
  template <class T>
  std::string operator()(const std::vector<T>& values) const {
    std::vector<std::string> parts;
    for (const T& value : values) parts.push_back((*this)(value));
    return "[" + join(parts) + "]";
  }
};

struct PlainPrinter {
  std::string operator()(std::monostate) const { return ""; }
  std::string operator()(bool value) const { return value ? "true" : "false"; }
  std::string operator()(std::int64_t value) const { return std::to_string(value); }
  std::string operator()(std::uint64_t value) const { return std::to_string(value); }
  std::string operator()(double value) const { return exact(value); }
  std::string operator()(const std::string& value) const { return value; }
  template <class T>
  std::string operator()(const std::vector<T>& values) const {
    std::vector<std::string> parts;
    for (const T& value : values) parts.push_back((*this)(value));
    return join(parts, ",");
  }
};

}  // namespace

OptionValue value_of_text(const std::string& text) {
  if (text == "true" || text == "false") return text == "true";
  constexpr double infinity = std::numeric_limits<double>::infinity();
  try {
    return parse_number(text, {.low = -infinity, .high = infinity});
  } catch (const UsageError&) {
    return text;
  }
}

std::string plain_text(const OptionValue& value) { return std::visit(PlainPrinter{}, value); }

std::string toml_text(const OptionValue& value) { return std::visit(TomlPrinter{}, value); }

}  // namespace plastic::apps
