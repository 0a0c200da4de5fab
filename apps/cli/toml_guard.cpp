#include "apps/cli/toml_guard.h"

#include <algorithm>
#include <string>

namespace plastic::apps {
namespace {

constexpr int max_key_parts = 32;
constexpr std::int64_t max_values = 1'000'000;

/// Goes through a text; quotes and comments as TOML 1.0 has them (toml.io).
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  std::optional<TomlExcess> scan() {
    int parts = 1;
    std::int64_t values = 0;
    while (!rest_.empty()) {
      const char c = rest_.front();
      if (c == '#') {
        skip_to_line_end();
      } else if (c == '"' || c == '\'') {
        skip_quoted(c);
      } else {
        take(1);
        if (c == '.' && ++parts > max_key_parts)
          return TomlExcess{line_, "a key of too many parts"};
        const bool separates = c == '\n' || c == '=' || c == ',' || c == '[' || c == '{';
        if (separates) parts = 1;
        if ((c == '=' || c == ',') && ++values > max_values) {
          return TomlExcess{line_, "too many values for a configuration"};
        }
      }
    }
    return std::nullopt;
  }

 private:
  void take(std::size_t count) {
    const std::string_view taken = rest_.substr(0, count);
    line_ += static_cast<std::uint64_t>(std::ranges::count(taken, '\n'));
    rest_.remove_prefix(taken.size());
  }

  void skip_to_line_end() { take(std::min(rest_.find('\n'), rest_.size())); }

  void skip_quoted(char quote) {
    const std::string three(3, quote);
    const bool is_long = rest_.starts_with(three);
    const std::string_view end = is_long ? std::string_view(three) : std::string_view(&quote, 1);
    take(end.size());
    while (!rest_.empty() && !rest_.starts_with(end)) {
      if (!is_long && rest_.front() == '\n') return;
      take(rest_.front() == '\\' && quote == '"' ? 2 : 1);
    }
    take(end.size());
    // Up to two quotes may stand before the three that end a text.
    for (int i = 0; is_long && i < 2 && rest_.starts_with(quote); ++i) take(1);
  }

  std::string_view rest_;
  std::uint64_t line_ = 1;
};

}  // namespace

std::optional<TomlExcess> find_excess(std::string_view text) { return Scanner(text).scan(); }

}  // namespace plastic::apps
