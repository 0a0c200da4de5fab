#include "apps/config_reader.h"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <system_error>

#include "apps/values.h"
#include "core/check.h"
#include "core/json_text.h"
#include "core/text.h"

namespace plastic::apps {
namespace {

/// Far more than a configuration needs, far less than memory.
constexpr std::uintmax_t most_bytes = 1'000'000;

bool is_bare(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

// TOML 1.0 (toml.io), as far as settings need it.
class TomlReader {
 public:
  TomlReader(const std::string& name, std::string_view text) : name_(name), text_(text) {}

  std::vector<ConfigEntry> read() {
    if (!is_utf8(text_)) refuse("the text is not UTF-8");
    std::string table;
    while (skip_to_content()) {
      if (accept('[')) {
        if (next() == '[') refuse("lists of tables are not understood");
        table = read_key() + ".";
        expect(']');
      } else {
        read_setting(table);
      }
      expect_line_end();
    }
    return std::move(entries_);
  }

 private:
  template <class... Parts>
  [[noreturn]] void refuse(const Parts&... parts) const {
    throw UsageError(text_of(name_, ": line ", line_, ": ", parts...));
  }

  char next() const { return position_ < text_.size() ? text_[position_] : '\0'; }
  bool at_end() const { return position_ == text_.size(); }

  void advance() {
    if (next() == '\n') ++line_;
    ++position_;
  }

  void skip_blanks() {
    while (next() == ' ' || next() == '\t') advance();
  }

  void skip_comment() {
    if (next() != '#') return;
    while (!at_end() && next() != '\n') advance();
  }

  // Blanks, comments and line ends; false at the end of the text.
  bool skip_to_content() {
    for (;;) {
      skip_blanks();
      skip_comment();
      if (at_end()) return false;
      if (next() != '\n' && next() != '\r') return true;
      advance();
    }
  }

  bool accept(char symbol) {
    skip_blanks();
    if (at_end() || next() != symbol) return false;
    advance();
    return true;
  }

  void expect(char symbol) {
    if (!accept(symbol)) refuse("expected ", symbol);
  }

  void expect_line_end() {
    skip_blanks();
    skip_comment();
    accept('\r');
    if (!at_end() && next() != '\n') refuse("expected the end of the line");
  }

  std::string read_key() {
    std::string key;
    do {
      skip_blanks();
      if (!is_bare(next())) refuse("expected a key of letters, digits, - and _");
      if (!key.empty()) key += '.';
      while (is_bare(next())) {
        key += next();
        advance();
      }
    } while (accept('.'));
    return key;
  }

  void read_setting(const std::string& table) {
    ConfigEntry entry{.key = table + read_key(), .value = {}, .line = line_};
    const auto is_same = [&](const ConfigEntry& other) { return other.key == entry.key; };
    if (std::ranges::any_of(entries_, is_same)) refuse(entry.key, " is there twice");
    expect('=');
    entry.value = accept('[') ? read_list() : read_scalar();
    entries_.push_back(std::move(entry));
  }

  std::string read_list() {
    std::vector<std::string> parts;
    for (;;) {
      if (!skip_to_content()) refuse("a list without its ]");
      if (accept(']')) break;
      parts.push_back(read_scalar());
      if (!skip_to_content()) refuse("a list without its ]");
      if (accept(',')) continue;
      expect(']');
      break;
    }
    return join(parts, ",");
  }

  std::string read_scalar() {
    skip_blanks();
    if (next() == '"' || next() == '\'') return read_quoted();
    std::string value;
    while (is_bare(next()) || next() == '+' || next() == '.') {
      value += next();
      advance();
    }
    const bool is_number =
        !value.empty() && (is_ascii_digit(value[0]) || value[0] == '-' || value[0] == '+');
    if (!is_number && value != "true" && value != "false") {
      refuse("expected a number, true, false, a list or text in quotes");
    }
    return value;
  }

  std::string read_quoted() {
    const char quote = next();
    advance();
    std::string value;
    for (;;) {
      if (at_end() || next() == '\n') refuse("text without its closing quote");
      const char c = next();
      advance();
      if (c == quote) return value;
      value += c == '\\' && quote == '"' ? read_escape() : c;
    }
  }

  char read_escape() {
    constexpr std::string_view letters = "\"\\bfnrt";
    constexpr std::string_view meanings = "\"\\\b\f\n\r\t";
    const std::size_t at = at_end() ? std::string_view::npos : letters.find(next());
    if (at == std::string_view::npos) refuse("an escape that is not understood");
    advance();
    return meanings[at];
  }

  const std::string& name_;
  std::string_view text_;
  std::size_t position_ = 0;
  int line_ = 1;
  std::vector<ConfigEntry> entries_;
};

}  // namespace

std::vector<ConfigEntry> parse_config(const std::string& name, std::string_view text) {
  return TomlReader(name, text).read();
}

std::vector<ConfigEntry> read_config(const std::filesystem::path& path) {
  const std::string name = path.string();
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) {
    fail("config", name, ": ", error ? system_text(error.value()) : "is not a file");
  }
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  if (!error && size > most_bytes) {
    throw UsageError(name + ": has " + std::to_string(size) +
                     " bytes; a configuration has at most " + std::to_string(most_bytes));
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) fail("config", name, ": ", system_text(errno));
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  return parse_config(name, text);
}

}  // namespace plastic::apps
