#include "apps/cli/values.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <numeric>
#include <system_error>
#include <unordered_set>

#include "apps/terminal/terminal_text.h"
#include "core/number_text.h"
#include "core/text.h"

namespace plastic::apps {
namespace {

template <class T>
bool parse_whole(std::string_view text, T& value) {
  const auto [end, error] = number_from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

std::string in_quotes(std::string_view text) { return "'" + printable(text) + "'"; }

std::string describe(const Range& range) {
  const bool no_low = std::isinf(range.low);
  const bool no_high = std::isinf(range.high);
  if (no_low && no_high) return "a finite number";
  const std::string low =
      (range.low_included ? "at least " : "above ") + (no_low ? "" : brief(range.low));
  const std::string high =
      (range.high_included ? "at most " : "below ") + (no_high ? "" : brief(range.high));
  if (no_high) return "a finite number " + low;
  if (no_low) return "a finite number " + high;
  return "a number " + low + " and " + high;
}

// How many letters must be exchanged, added or taken away, or two neighbours swapped (Damerau's
// distance, restricted). A name that was only begun is one slip.
std::size_t edits(std::string_view typed, std::string_view name) {
  constexpr std::size_t min_begun = 3;
  if (typed.size() >= min_begun && name.starts_with(typed)) return typed == name ? 0 : 1;
  std::vector<std::size_t> before, last(name.size() + 1), row(name.size() + 1);
  std::iota(last.begin(), last.end(), std::size_t{0});
  for (std::size_t i = 1; i <= typed.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= name.size(); ++j) {
      const bool is_same = typed[i - 1] == name[j - 1];
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (is_same ? 0 : 1)});
      if (i > 1 && j > 1 && typed[i - 1] == name[j - 2] && typed[i - 2] == name[j - 1]) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
    before = last;
    last = row;
  }
  return last.back();
}

}  // namespace

double parse_number(std::string_view text, const Range& range) {
  double value = 0.0;
  const bool valid = parse_whole(text, value) && std::isfinite(value) &&
                     (range.low_included ? value >= range.low : value > range.low) &&
                     (range.high_included ? value <= range.high : value < range.high);
  if (!valid) throw UsageError("expected " + describe(range) + ", got " + in_quotes(text));
  return value;
}

std::int64_t parse_integer(std::string_view text, std::int64_t low, std::int64_t high) {
  std::int64_t value = 0;
  if (!parse_whole(text, value) || value < low || value > high) {
    // Nobody but who passes the largest number wants to know it.
    const bool is_number = !text.empty() && std::ranges::all_of(text, is_ascii_digit);
    const std::string upper = high == std::numeric_limits<std::int64_t>::max() && !is_number
                                  ? std::string()
                                  : " and at most " + std::to_string(high);
    throw UsageError("expected a whole number at least " + std::to_string(low) + upper + ", got " +
                     in_quotes(text));
  }
  return value;
}

std::vector<std::string> parse_list(std::string_view text, bool distinct) {
  std::vector<std::string> parts;
  std::unordered_set<std::string> seen;
  std::size_t start = 0;
  for (;;) {
    const std::size_t comma = text.find(',', start);
    const std::string part(text.substr(start, comma - start));
    if (part.empty()) {
      throw UsageError("expected values separated by commas, got " + in_quotes(text));
    }
    if (distinct && !seen.insert(part).second) {
      throw UsageError(in_quotes(part) + " is given twice");
    }
    parts.push_back(part);
    if (comma == std::string_view::npos) return parts;
    start = comma + 1;
  }
}

std::string parse_choice(std::string_view text, const std::vector<std::string>& names) {
  if (std::find(names.begin(), names.end(), text) == names.end()) {
    if (text.empty()) throw UsageError("expected one of " + join(names) + ", got no name");
    const std::string similar = nearest(text, names);
    throw UsageError("expected one of " + join(names) + ", got " + in_quotes(text) +
                     (similar.empty() ? "" : "; did you mean " + similar + "?"));
  }
  return std::string(text);
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string text;
  for (const std::string& part : parts) {
    if (!text.empty()) text += separator;
    text += part;
  }
  return text;
}

std::string dashed(std::string_view name) {
  std::string text(name);
  std::replace(text.begin(), text.end(), '_', '-');
  return text;
}

std::string nearest(std::string_view text, const std::vector<std::string>& names) {
  // Nobody's slip, and the time grows with the length.
  constexpr std::size_t longest = 64;
  std::string best;
  if (text.size() > longest) return best;
  // More than a third wrong is another word, not a slip.
  std::size_t fewest = (text.size() + 1) / 3 + 1;
  for (const std::string& name : names) {
    const std::size_t count = edits(text, name);
    if (count < fewest) {
      fewest = count;
      best = name;
    }
  }
  return best;
}

std::string brief(double value) { return text_of(value); }

std::string exact(double value) {
  std::array<char, 32> text{};
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value);
  return {text.data(), end};
}

}  // namespace plastic::apps
