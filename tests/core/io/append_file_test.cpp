#include "core/io/append_file.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/support/temporary_folder.h"
#include "tests/support/text.h"

using namespace plastic;
using namespace plastic::test;

namespace {

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("core.io.append_file") {
  const TemporaryFolder folder;
  const std::string path = folder / "a";
  {
    AppendFile file("test", path, 0);
    file.append("one\n");
    // Others see it at once.
    CHECK(text_of(path) == "one\n");
    file.append("two\n");
    file.flush();
  }
  AppendFile file("test", path, 4);
  CHECK(text_of(path) == "one\n");
  file.append("three\n");
  CHECK(text_of(path) == "one\nthree\n");
}

TEST_CASE("core.io.append_file.refuses_folders") {
  const TemporaryFolder folder;
  CHECK(contains(error_of([&] { AppendFile("test", folder.path(), 0); }), "cannot write"));
}
