// Archives that others made: what is asked for is taken, and nothing else ever.
#include "apps/download/extract.h"

#include <doctest/doctest.h>

#include "apps/download/sha256.h"
#include "tests/apps/download/archive_files.h"
#include "tests/apps/program.h"
#include "tests/data/files.h"

using namespace plastic::apps;
using namespace plastic::test;
using plastic::test::error_of;
namespace fs = std::filesystem;

namespace {

const std::vector<ArchiveMember> wanted = {{"set/a.bin", 3}, {"set/b.bin", 4}};

// The archive lies beside `folder/inside`, which it is to be taken out to.
struct Place {
  Place() { fs::create_directory(inside()); }
  fs::path inside() const { return folder.path() / "inside"; }
  fs::path archive() const { return folder.path() / "archive.tar.gz"; }
  std::string refusal(const std::string& bytes) const {
    write_file(archive(), bytes);
    return error_of([&] { extract_members(archive(), wanted, inside()); });
  }
  TemporaryFolder folder;
};

std::size_t count_files(const fs::path& folder) {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

}  // namespace

TEST_CASE("apps.download.sha256") {
  const TemporaryFolder folder;
  // FIPS 180-4's examples.
  write_file(folder / "abc", "abc");
  CHECK(file_sha256(folder / "abc") ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  write_file(folder / "empty", "");
  CHECK(file_sha256(folder / "empty") ==
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(error_of([&] { file_sha256(folder / "none"); }).starts_with("[data] "));
  CHECK(error_of([&] { file_sha256(folder.path()); }).starts_with("[data] "));
}

TEST_CASE("apps.download.extract") {
  const Place place;
  write_file(place.archive(), tar_gz({{"set/readme.html", "read me"},
                                      {"set/b.bin", "bbbb"},
                                      {"a.bin", "not this one"},
                                      {"set/a.bin", "abc"}}));
  write_file(place.inside() / "a.bin", "an older file");
  const auto sums = extract_members(place.archive(), wanted, place.inside());
  REQUIRE(sums.size() == 2);
  CHECK(sums[0].first == "b.bin");
  CHECK(sums[1].first == "a.bin");
  CHECK(sums[1].second == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(read_file(place.inside() / "a.bin") == "abc");
  CHECK(read_file(place.inside() / "b.bin") == "bbbb");
  CHECK(count_files(place.inside()) == 2);
}

TEST_CASE("apps.download.extract.hostile") {
  const Place place;
  const std::string outside = (place.folder.path() / "outside").string();
  for (const std::string& path : {std::string("../outside"), std::string("set/../../outside"),
                                  outside, std::string("set/..")}) {
    CAPTURE(path);
    CHECK(place.refusal(tar_gz({{path, "evil"}})).find("refused") != std::string::npos);
    CHECK_FALSE(fs::exists(outside));
  }
  write_file(outside, "mine");
  CHECK(place.refusal(tar_gz({{"set/a.bin", "", outside}, {"set/b.bin", "bbbb"}}))
            .find("not a regular file") != std::string::npos);
  // A link that is in the way is replaced, not followed.
  fs::create_symlink(outside, place.inside() / "a.bin");
  fs::create_symlink(outside, place.inside() / "b.bin.part");
  CHECK_FALSE(place.refusal(tar_gz({{"set/a.bin", "abc"}, {"set/b.bin", "bbbb"}})).empty());
  CHECK(read_file(outside) == "mine");
  CHECK(read_file(place.inside() / "a.bin") == "abc");
}

TEST_CASE("apps.download.extract.not_as_expected") {
  const Place place;
  const auto contains = [&](const std::string& bytes, const char* part) {
    const std::string message = place.refusal(bytes);
    CAPTURE(message);
    CHECK(message.starts_with("[data] " + place.archive().string()));
    CHECK(message.find(part) != std::string::npos);
  };
  contains(tar_gz({{"set/a.bin", "abc"}}), "lacks set/b.bin");
  contains(tar_gz({{"set/a.bin", "abcd"}}), "has 4 bytes, expected 3");
  contains(tar_gz({{"set/a.bin", "abc"}, {"set/a.bin", "abc"}}), "given twice");
  contains("no archive at all", "cannot read the archive");
  const std::string whole = tar_gz({{"set/a.bin", "abc"}, {"set/b.bin", "bbbb"}});
  contains(whole.substr(0, whole.size() / 2), "");
  contains(whole.substr(0, 20), "");
}
