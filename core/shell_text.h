#pragma once

#include <string>

namespace plastic {

/// `text` as a word of a shell's command line: in quotes where it needs them.
std::string shell_quoted(const std::string& text);

}  // namespace plastic
