#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace plastic::apps {

/// A command line that cannot be carried out as it is written; the message is the reason.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Bounds of a number on the command line.
struct Range {
  double low;
  double high;
  bool low_included = true;
  bool high_included = true;
};

/// A finite number in `range`, written in full: "0.1", "1e-3". Throws UsageError.
double parse_number(std::string_view text, const Range& range);

/// A whole number in [low, high]. Throws UsageError.
std::int64_t parse_integer(std::string_view text, std::int64_t low, std::int64_t high);

/// The parts between commas. Throws UsageError for an empty part or one given twice when
/// `distinct`.
std::vector<std::string> parse_list(std::string_view text, bool distinct);

/// `text` if it is one of `names`. Throws UsageError listing them.
std::string parse_choice(std::string_view text, const std::vector<std::string>& names);

/// "a, b, c".
std::string join(const std::vector<std::string>& parts, std::string_view separator = ", ");

/// NeuroPlastic's option names as the command line spells them: dashes for underscores.
std::string dashed(std::string_view name);

/// The name that `text` is most likely a slip of; empty when none is near.
std::string nearest(std::string_view text, const std::vector<std::string>& names);

/// A number as a person writes it: "0.1", "1e-05".
std::string brief(double value);

/// The shortest text that parse_number() gives `value` back from.
std::string exact(double value);

}  // namespace plastic::apps
