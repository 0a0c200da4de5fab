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
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? "'\\''" : std::string(1, c);
  return quoted + "'";
}

}  // namespace plastic
