#include "core/text.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <system_error>

namespace plastic {

std::string fixed_text(double value, int decimals) {
  if (std::isnan(value)) return "nan";
  // The largest double has 309 digits before the point.
  std::array<char, 512> text{};
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value,
                                          std::chars_format::fixed, decimals);
  if (error == std::errc()) return {text.data(), end};
  return text_of(value);
}

std::string system_text(int error) {
#if defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 32)
  // Not translated, unlike strerror().
  if (const char* text = strerrordesc_np(error); text != nullptr) return text;
#endif
  return std::generic_category().message(error);
}

}  // namespace plastic
