#pragma once

#include <cstdint>
#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>

namespace plastic::apps {

// Names of files and classes, settings and messages come from elsewhere. What they hold must not
// move the cursor, recolour the terminal, forge a line or turn a text around.

/// `text` with everything that is not printable escaped: control characters, line breaks among them
/// ("\n", "\x1b"), marks that change the direction of writing ("\u{202e}"), and bytes that are not
/// UTF-8 ("\xff").
std::string printable(std::string_view text);

/// "1 run", "3 runs".
std::string counted(std::int64_t count, std::string_view noun);

/// While one lives, std::cout and std::cerr escape as printable() does all but line breaks and
/// tabs.
class EscapedOutput {
 public:
  EscapedOutput();
  ~EscapedOutput();
  EscapedOutput(const EscapedOutput&) = delete;
  EscapedOutput& operator=(const EscapedOutput&) = delete;

 private:
  class Buffer;
  std::unique_ptr<Buffer> out_, error_;
};

/// Takes back what was written of the line on std::cout.
void erase_line();

/// Takes back the last `count` lines on std::cout, the one begun included.
void erase_lines(int count);

}  // namespace plastic::apps
