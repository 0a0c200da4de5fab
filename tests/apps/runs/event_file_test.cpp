#include "apps/runs/event_file.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/apps/program.h"
#include "tests/support/text.h"

using namespace plastic::apps;
using namespace plastic::test;
namespace fs = std::filesystem;

namespace {

std::string bytes(std::initializer_list<int> values) {
  std::string text;
  for (const int value : values) text += static_cast<char>(value);
  return text;
}

std::uint64_t fixed_at(const std::string& text, std::size_t at, std::size_t count) {
  std::uint64_t value = 0;
  for (std::size_t i = count; i-- > 0;) {
    value = (value << 8U) | static_cast<unsigned char>(text.at(at + i));
  }
  return value;
}

// What the records of a file hold. Fails where a length or a checksum is wrong.
std::vector<std::string> records_of(const fs::path& path) {
  const std::string text = read_file(path);
  std::vector<std::string> records;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = fixed_at(text, at, 8);
    const std::string data = text.substr(at + 12, length);
    REQUIRE(data.size() == length);
    CHECK(text.substr(at, length + 16) == event_record(data));
    records.push_back(data);
    at += length + 16;
  }
  return records;
}

}  // namespace

TEST_CASE("apps.event_file.checksum") {
  // RFC 3720, B.4, and the check value of CRC-32C.
  CHECK(crc32c(std::string(32, '\0')) == 0x8a9136aa);
  CHECK(crc32c(std::string(32, '\xff')) == 0x62a8ab43);
  std::string rising;
  for (int i = 0; i < 32; ++i) rising += static_cast<char>(i);
  CHECK(crc32c(rising) == 0x46dd794e);
  CHECK(crc32c("123456789") == 0xe3069283);
  CHECK(crc32c("") == 0);
}

TEST_CASE("apps.event_file.record") {
  // With the checksums of tensorboard.compat.tensorflow_stub.
  CHECK(event_record("abc") ==
        bytes({3, 0, 0, 0, 0, 0, 0, 0, 0xb0, 0x99, 0x49, 0x0e, 'a', 'b', 'c'}) +
            bytes({0x6e, 0x57, 0xf1, 0x21}));
}

TEST_CASE("apps.event_file.events") {
  const TemporaryFolder folder;
  EventFile file(folder.path());
  CHECK(file.path().filename() == "events.out.tfevents.0000000001.plastic");
  const EventScalar loss[] = {{"a", 0.5}};
  file.add_scalars(300, loss);
  file.restart(301);
  // Each is in the file as soon as it is added.
  const std::vector<std::string> records = records_of(file.path());
  REQUIRE(records.size() == 3);
  // After the time, 9 bytes: step 0, and the file's version; step 300 as a varint, and a summary
  // of one value with tag "a" and 0.5 as a float; and a session log whose status is START.
  CHECK(records[0].substr(9) == bytes({0x10, 0, 0x1a, 13}) + "brain.Event:2");
  CHECK(records[1].substr(9) ==
        bytes({0x10, 0xac, 0x02, 0x2a, 10, 0x0a, 8, 0x0a, 1, 'a'}) + bytes({0x15, 0, 0, 0, 0x3f}));
  CHECK(records[2].substr(9) == bytes({0x10, 0xad, 0x02, 0x3a, 2, 0x08, 1}));
}

TEST_CASE("apps.event_file.names") {
  const TemporaryFolder folder;
  { const EventFile first(folder.path()); }
  { const EventFile second(folder.path()); }
  const fs::path second = folder.path() / "events.out.tfevents.0000000002.plastic";
  CHECK(fs::exists(second));
  // A link is neither followed nor counted on: the next name is taken.
  const fs::path outside = folder.path() / "outside";
  write_file(outside, "mine");
  fs::create_symlink(outside, folder.path() / "events.out.tfevents.0000000003.plastic");
  { const EventFile fourth(folder.path()); }
  CHECK(fs::exists(folder.path() / "events.out.tfevents.0000000004.plastic"));
  CHECK(read_file(outside) == "mine");

  // Other writers' files are not Plastic's to remove.
  const fs::path others = folder.path() / "events.out.tfevents.1700000000.host.1.0";
  write_file(others, "theirs");
  remove_event_files(folder.path());
  std::vector<std::string> left;
  for (const auto& entry : fs::directory_iterator(folder.path())) {
    left.push_back(entry.path().filename().string());
  }
  std::ranges::sort(left);
  CHECK(left == std::vector<std::string>{"events.out.tfevents.1700000000.host.1.0", "outside"});

  write_file(folder.path() / "events.out.tfevents.9999999999.plastic", "");
  CHECK(contains(error_of([&] { const EventFile none(folder.path()); }), "the last number"));
  CHECK(contains(error_of([&] { const EventFile none(folder.path() / "missing"); }),
                 "cannot read this folder"));
}
