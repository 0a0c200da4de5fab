#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>

namespace plastic {

/// What a text is put together from: a number, or a view of characters that must outlive it. It is
/// one type, so that texts of any parts are put together by one function.
class TextPart {
 public:
  TextPart(char c) : kind_(Kind::character), character_(c) {}
  TextPart(const char* text) : TextPart(std::string_view(text)) {}
  TextPart(const std::string& text) : TextPart(std::string_view(text)) {}
  TextPart(std::string_view text) : kind_(Kind::text), size_(text.size()), text_(text.data()) {}
  template <std::integral T>
  TextPart(T value) {
    static_assert(sizeof(T) > 1 || std::is_same_v<T, bool>, "a number or a character? convert it");
    if constexpr (std::is_signed_v<T>) {
      kind_ = Kind::integer;
      integer_ = value;
    } else {
      kind_ = Kind::natural;
      natural_ = value;
    }
  }
  template <std::floating_point T>
  TextPart(T value) : kind_(Kind::real), real_(static_cast<double>(value)) {}

  void append_to(std::string& text) const;

 private:
  enum class Kind : std::uint8_t { character, text, integer, natural, real };

  Kind kind_;
  std::size_t size_ = 0;
  union {
    char character_;
    const char* text_;
    std::int64_t integer_;
    std::uint64_t natural_;
    double real_;
  };
};

/// The parts, one after the other. Numbers are written as in the "C" locale, whatever locale the
/// process has chosen: 1000 never becomes "1.000", nor 0.5 "0,5". Reals have up to six significant
/// digits; a NaN has no sign, which says nothing.
std::string join_text(std::initializer_list<TextPart> parts);
/// The arguments, joined so.
template <class... Parts>
std::string text_of(const Parts&... parts) {
  return join_text({parts...});
}

/// `value` with `decimals` digits after the point: "0.50".
std::string fixed_text(double value, int decimals);

inline bool is_ascii_digit(char c) { return c >= '0' && c <= '9'; }

inline bool is_ascii_alphanumeric(char c) {
  return is_ascii_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// `c` as a small letter where it is a capital of ASCII.
inline char ascii_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

/// What the system says of an error number, in English: "No space left on device".
std::string system_text(int error);

}  // namespace plastic
