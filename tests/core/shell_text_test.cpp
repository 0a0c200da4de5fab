#include "core/shell_text.h"

#include <doctest/doctest.h>

namespace plastic {

TEST_CASE("core.shell_text") {
  CHECK(shell_quoted("runs/a-1_b+c.toml") == "runs/a-1_b+c.toml");
#ifdef _WIN32
  CHECK(shell_quoted(R"(C:\Users\RUNNER~1\runs)") == R"(C:\Users\RUNNER~1\runs)");
  CHECK(shell_quoted("") == R"("")");
  CHECK(shell_quoted(R"(C:\it's mine)") == R"("C:\it's mine")");
  CHECK(shell_quoted(R"(two words\)") == R"("two words\\")");
#else
  CHECK(shell_quoted("") == "''");
  CHECK(shell_quoted("two words") == "'two words'");
  CHECK(shell_quoted("it's") == R"('it'\''s')");
  CHECK(shell_quoted("a\nb'\\") == R"($'a\012b\'\\')");
#endif
}

}  // namespace plastic
