#include "apps/microscope/short_number.h"

#include <array>
#include <charconv>
#include <cmath>

#include "core/text.h"

namespace plastic::apps {

std::string short_number(double value) {
  if (!std::isfinite(value)) return "-";
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value,
                                 std::chars_format::general, 3)
                       .ptr;
  std::string text(digits.data(), end);
  // "e-05" says no more than "e-5".
  const std::size_t exponent = text.find('e');
  if (exponent == std::string::npos) return text;
  std::size_t first = exponent + 2;
  while (first + 1 < text.size() && text[first] == '0') text.erase(first, 1);
  if (text[exponent + 1] == '+') text.erase(exponent + 1, 1);
  return text;
}

std::string short_percent(double share) {
  if (!std::isfinite(share)) return "-";
  const double percent = 100.0 * share;
  if (percent == 0.0) return "0%";
  if (percent > 0.0 && percent < 0.05) return "<0.1%";
  return fixed_text(percent, percent < 9.95 ? 1 : 0) + "%";
}

}  // namespace plastic::apps
