// What comes from elsewhere must not act on the terminal.
#include "apps/terminal/terminal_text.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <iostream>
#include <sstream>

#include "core/text.h"
#include "tests/apps/program.h"
#include "tests/data/files.h"

using namespace plastic::apps;
using namespace plastic::test;
using plastic::test::contains;

TEST_CASE("apps.terminal_text.printable") {
  CHECK(printable("plain text, 100%") == "plain text, 100%");
  CHECK(printable("größe 尺寸 🙂") == "größe 尺寸 🙂");
  CHECK(printable("a\nb\r\tc") == "a\\nb\\r\\tc");
  CHECK(printable("\x1b[31mred\x7f") == "\\x1b[31mred\\x7f");
  CHECK(printable(std::string("\0a", 2)) == "\\x00a");
  // Control characters of ISO 6429 in one character, marks that turn the writing around,
  // separators.
  CHECK(printable("\u009b31m") == "\\u{9b}31m");
  CHECK(printable("a\u202egnp.exe") == "a\\u{202e}gnp.exe");
  CHECK(printable("\u2066\u200f\u2028") == "\\u{2066}\\u{200f}\\u{2028}");
  // Not UTF-8: a lone byte, one too many, a character cut off, overlong, a surrogate, too large.
  CHECK(printable("\xff\x80") == "\\xff\\x80");
  CHECK(printable("\xe2\x82") == "\\xe2\\x82");
  CHECK(printable("\xc0\x9b") == "\\xc0\\x9b");
  CHECK(printable("\xe0\x82\x9b") == "\\xe0\\x82\\x9b");
  CHECK(printable("\xed\xa0\x80") == "\\xed\\xa0\\x80");
  CHECK(printable("\xf5\x80\x80\x80") == "\\xf5\\x80\\x80\\x80");
}

TEST_CASE("apps.terminal_text.streams") {
  std::ostringstream shown;
  std::streambuf* const before = std::cout.rdbuf(shown.rdbuf());
  {
    const EscapedOutput escaped;
    std::cout << "a\tline\n"
              << "\x1b]0;title\a" << 1.5;
    // A character that comes in pieces.
    std::cout << "\xe2\x82";
    std::cout.put('\xac');
    std::cout << "\xf0\x9f" << std::flush;
    CHECK(std::cout.good());
    erase_line();
    std::cout << "end\xc3";
  }
  std::cout.rdbuf(before);
  CHECK(shown.str() == "a\tline\n\\x1b]0;title\\x071.5€\\xf0\\x9f\r\033[Kend\\xc3");
}

TEST_CASE("apps.terminal_text.the_program") {
  const TemporaryFolder folder;
  const std::string name = "x\x1b]0;owned\a\nplastic: all is well\r";
  const std::string quoted = plastic::text_of('\'', folder / name, '\'');
  std::filesystem::create_directories(folder / name);
  const auto clean = [](const std::string& text) {
    return text.find_first_of("\x1b\a\r") == std::string::npos &&
           !contains(text, {"\nplastic: all"});
  };
  for (const std::string& arguments :
       {"predict --checkpoint " + quoted + " a.png", "train --data mnist --data-dir " + quoted,
        "train --data folder --data-dir " + quoted, "report " + quoted, "train --resume " + quoted,
        "train --config " + quoted, "data verify mnist --data-dir " + quoted,
        plastic::text_of("train --optimizer '", name, "'"), plastic::text_of("train '", name, "'"),
        plastic::text_of("'", name, "'"), plastic::text_of("train --lr '", name, "'"),
        "train --out " + quoted + " --epochs 0",
        plastic::text_of("compare --optimizers '", name, "'")}) {
    CAPTURE(arguments);
    const ProgramResult result = run_program(arguments);
    CHECK(result.code != 0);
    CHECK(clean(result.out));
    CHECK(clean(result.err));
  }
  CHECK(clean(run_program("data list --data-dir " + quoted).out));
}
