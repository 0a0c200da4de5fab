// Files of a set compared with their checksums.
#include "apps/download/verify.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "apps/download/sha256.h"
#include "tests/apps/program.h"
#include "tests/data/files.h"

using namespace plastic::apps;
using namespace plastic::test;
namespace fs = std::filesystem;

namespace {

const plastic::test::Bytes content = {'a', 'b', 'c'};

// A data set of one file, whose content is "abc".
RemoteSet abc() {
  const std::string sum = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  return {"abc", "", {{"x-idx1-ubyte.gz", 20, std::string(64, '0'), 3, sum}}};
}

FileState state_of(const TemporaryFolder& folder) {
  return inspect(abc(), folder.path()).front().state;
}

}  // namespace

TEST_CASE("apps.download.verify") {
  const TemporaryFolder folder;
  CHECK(state_of(folder) == FileState::missing);
  write_file(folder / "x-idx1-ubyte", "abc");
  CHECK(state_of(folder) == FileState::right);
  for (const char* wrong : {"abd", "ab", "abcd", ""}) {
    CAPTURE(wrong);
    write_file(folder / "x-idx1-ubyte", wrong);
    CHECK(state_of(folder) == FileState::wrong);
  }
  fs::remove(folder / "x-idx1-ubyte");
  write_file(folder / "x.idx1-ubyte", "abc");
  CHECK(state_of(folder) == FileState::right);
  // Each copy counts.
  write_file(folder / "x-idx1-ubyte", "abd");
  const std::vector<FileReport> reports = inspect(abc(), folder.path());
  REQUIRE(reports.size() == 2);
  CHECK(reports[0].state == FileState::wrong);
  CHECK(reports[1].state == FileState::right);
  fs::remove(folder / "x-idx1-ubyte");
  fs::create_directory(folder / "x-idx1-ubyte");
  CHECK(state_of(folder) == FileState::wrong);
}

// Compressed by whom does not matter.
TEST_CASE("apps.download.verify.compressed") {
  const TemporaryFolder folder;
  plastic::test::Bytes bytes = plastic::test::gzip_stored(content);
  plastic::test::write_file(folder.path() / "x-idx1-ubyte.gz", bytes);
  CHECK(state_of(folder) == FileState::right);
  bytes.back() ^= 1;
  plastic::test::write_file(folder.path() / "x-idx1-ubyte.gz", bytes);
  CHECK(state_of(folder) == FileState::wrong);
}

TEST_CASE("apps.download.verify.record") {
  const TemporaryFolder folder;
  const RemoteSet set = {
      "set", "", {{.name = "set.tar.gz", .members = {{"in/a", 3}, {"in/b", 1}}}}};
  write_file(folder / "a", "abc");
  const auto state = [&] { return inspect(set, folder.path()).front().state; };
  CHECK(state() == FileState::unknown);
  record_members(set, folder.path(),
                 {{"b", std::string(64, '0')}, {"a", file_sha256(folder / "a")}});
  CHECK(state() == FileState::right);
  CHECK(inspect(set, folder.path()).back().state == FileState::missing);
  for (const std::string& record :
       {std::string(1 << 20, 'a'), std::string("\n\nsum  a\n"), std::string(64, 'a') + "  a\n"}) {
    write_file(folder / "set.sha256", record);
    CHECK(state() != FileState::right);
  }
}

TEST_CASE("apps.download.remote_sets") {
  CHECK(format_bytes(0) == "0 B");
  CHECK(format_bytes(999) == "999 B");
  CHECK(format_bytes(5148) == "5.1 kB");
  CHECK(format_bytes(170052171) == "170 MB");
  CHECK(format_bytes(999600) == "1.0 MB");
  CHECK(find_remote_set("digits") == nullptr);
  for (const RemoteSet& set : remote_sets()) {
    CAPTURE(set.name);
    CHECK_FALSE(set.home.ends_with('/'));
    for (const RemoteFile& file : set.files) {
      CHECK(file.bytes > 0);
      CHECK(file.sha256.size() == 64);
      CHECK(file.is_archive() == file.content_sha256.empty());
    }
  }
}
