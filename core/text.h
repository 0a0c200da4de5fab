#pragma once

#include <locale>
#include <sstream>
#include <string>
#include <type_traits>

namespace plastic {

/// Text that is being put together. Numbers print as in the "C" locale, whatever locale the process
/// has chosen: 1000 never becomes "1.000", nor 0.5 "0,5".
class TextStream : public std::ostringstream {
 public:
  TextStream() { imbue(std::locale::classic()); }
};

/// Prints `value`; a NaN without its sign, which says nothing.
template <class T>
void print_part(std::ostream& out, const T& value) {
  if constexpr (std::is_floating_point_v<T>) {
    if (value != value) {
      out << "nan";
      return;
    }
  }
  out << value;
}

/// The parts, printed one after the other.
template <class... Parts>
std::string text_of(const Parts&... parts) {
  TextStream out;
  (print_part(out, parts), ...);
  return std::move(out).str();
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
