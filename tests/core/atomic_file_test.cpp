#include "core/atomic_file.h"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "plastic/core/error.h"
#include "tests/data/files.h"

using namespace plastic;

TEST_CASE("core.atomic_file.replaces") {
  const test::TempFolder folder;
  const std::filesystem::path path = folder / "file";
  write_file_atomically(path, "first, and longer");
  write_file_atomically(path, "second");
  std::ifstream file(path);
  CHECK(std::string(std::istreambuf_iterator<char>(file), {}) == "second");
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
}

TEST_CASE("core.atomic_file.failure_leaves_the_old") {
  const test::TempFolder folder;
  CHECK_THROWS_AS(write_file_atomically("/dev/null/file", "text"), Error);
  // A folder in the way cannot be replaced by a file.
  std::filesystem::create_directory(folder.path() / "taken");
  CHECK_THROWS_AS(write_file_atomically(folder / "taken", "text"), Error);
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
}
