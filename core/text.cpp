#include "core/text.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <system_error>

namespace plastic {
namespace {

/// Appends what std::to_chars() writes of a value of at most 32 characters.
template <class... Arguments>
void append_chars(std::string& text, const Arguments&... arguments) {
  std::array<char, 32> chars;
  const char* end = std::to_chars(chars.data(), chars.data() + chars.size(), arguments...).ptr;
  text.append(chars.data(), static_cast<std::size_t>(end - chars.data()));
}

}  // namespace

void TextPart::append_to(std::string& text) const {
  switch (kind_) {
    case Kind::character:
      text += character_;
      break;
    case Kind::text:
      text.append(text_, size_);
      break;
    case Kind::integer:
      append_chars(text, integer_);
      break;
    case Kind::natural:
      append_chars(text, natural_);
      break;
    case Kind::real:
      if (std::isnan(real_)) {
        text += "nan";
      } else {
        append_chars(text, real_, std::chars_format::general, 6);
      }
      break;
  }
}

std::string join_text(std::initializer_list<TextPart> parts) {
  std::string text;
  for (const TextPart& part : parts) part.append_to(text);
  return text;
}

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
