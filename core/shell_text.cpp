#include "core/shell_text.h"

#include <algorithm>
#include <string_view>

#include "core/text.h"

namespace plastic {
namespace {

bool is_plain(const std::string& text, std::string_view others) {
  return !text.empty() && std::ranges::all_of(text, [others](char c) {
    return is_ascii_alphanumeric(c) || others.find(c) != std::string_view::npos;
  });
}

}  // namespace

#ifdef _WIN32

// For its two shells and for how programs take their command lines apart. Names there hold neither
// quotes nor control characters.
std::string shell_quoted(const std::string& text) {
  if (is_plain(text, "/\\:~._-+")) return text;
  std::string quoted = "\"";
  quoted += text;
  // Before a quote, they count twice.
  const std::size_t last = text.find_last_not_of('\\');
  quoted.append(text.size() - (last == std::string::npos ? 0 : last + 1), '\\');
  quoted += '"';
  return quoted;
}

#else

std::string shell_quoted(const std::string& text) {
  if (is_plain(text, "/._-+")) return text;
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

#endif

}  // namespace plastic
