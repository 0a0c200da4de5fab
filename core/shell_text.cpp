#include "core/shell_text.h"

#include <algorithm>
#include <string_view>

#include "core/text.h"

namespace plastic {

std::string shell_quoted(const std::string& text) {
  const auto is_plain = [](char c) {
    return is_ascii_alphanumeric(c) || std::string_view("/._-+").find(c) != std::string_view::npos;
  };
  if (!text.empty() && std::ranges::all_of(text, is_plain)) return text;
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (std::ranges::any_of(text, is_control)) {
    // A line break in a name could otherwise pass for the end of the command.
    std::string escaped = "$'";
    for (const char c : text) {
      if (is_control(c)) {
        const auto code = static_cast<unsigned char>(c);
        escaped += {'\\', static_cast<char>('0' + code / 64), static_cast<char>('0' + code / 8 % 8),
                    static_cast<char>('0' + code % 8)};
      } else {
        if (c == '\'' || c == '\\') escaped += '\\';
        escaped += c;
      }
    }
    return escaped + "'";
  }
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? "'\\''" : std::string(1, c);
  return quoted + "'";
}

}  // namespace plastic
