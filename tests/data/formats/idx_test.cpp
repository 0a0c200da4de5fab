#include "plastic/data/idx.h"

#include <doctest/doctest.h>
#ifndef _WIN32
#include <unistd.h>
#endif

#include <numeric>

#include "plastic/core/error.h"
#include "tests/data/files.h"

using plastic::DType;
using plastic::Shape;
using plastic::Tensor;
using plastic::data::read_idx;
using namespace plastic::test;

namespace {

Bytes counting(std::size_t count) {
  Bytes out(count);
  std::iota(out.begin(), out.end(), std::uint8_t{0});
  return out;
}

/// The error of reading `bytes` as a file of `rank`.
std::string error_of_reading(const Bytes& bytes, std::size_t rank) {
  const TemporaryFolder folder;
  write_file(folder / "file", bytes);
  const std::string message = error_of([&] { read_idx(folder / "file", rank); });
  CHECK(contains(message, {"[idx] " + folder / "file" + ": "}));
  return message;
}

}  // namespace

TEST_CASE("data.idx.plain") {
  const TemporaryFolder folder;
  write_file(folder / "images", idx_bytes({2, 3, 4}, counting(24)));
  write_file(folder / "labels", idx_bytes({5}, counting(5)));
  const Tensor images = read_idx(folder / "images", 3);
  CHECK(images.shape() == Shape{2, 3, 4});
  CHECK(images.dtype() == DType::u8);
  CHECK(images.to_vector<std::uint8_t>() == counting(24));
  CHECK(read_idx(folder / "labels", 1).to_vector<std::uint8_t>() == counting(5));
}

TEST_CASE("data.idx.no-examples") {
  const TemporaryFolder folder;
  write_file(folder / "file", idx_bytes({0, 28, 28}, {}));
  CHECK(read_idx(folder / "file", 3).shape() == Shape{0, 28, 28});
}

TEST_CASE("data.idx.wrong-magic") {
  const Bytes labels = idx_bytes({2}, counting(2));
  CHECK(contains(error_of_reading(labels, 3), {"expected magic 0x803, found 0x801", "rank 1"}));
  Bytes floats = idx_bytes({2}, counting(8));
  floats[2] = 0x0D;
  CHECK(contains(error_of_reading(floats, 1),
                 {"expected magic 0x801, found 0xd01", "32-bit floats", "only unsigned bytes"}));
  CHECK(contains(error_of_reading({'P', 'N', 'G', '!'}, 1),
                 {"expected magic 0x801, found 0x504e4721", "not an IDX file"}));
}

TEST_CASE("data.idx.truncated") {
  const Bytes whole = idx_bytes({2, 3, 4}, counting(24));
  CHECK(contains(error_of_reading({}, 3), {"truncated", "after 0 bytes", "header of 16"}));
  CHECK(contains(error_of_reading(Bytes(whole.begin(), whole.begin() + 9), 3),
                 {"truncated", "after 9 bytes"}));
  CHECK(contains(error_of_reading(Bytes(whole.begin(), whole.end() - 1), 3),
                 {"truncated", "(2, 3, 4) = 24 bytes, and 23 follow"}));
}

TEST_CASE("data.idx.oversized") {
  CHECK(contains(error_of_reading(idx_bytes({2, 3, 4}, counting(26)), 3),
                 {"oversized", "(2, 3, 4) = 24 bytes, and 26 follow"}));
}

TEST_CASE("data.idx.hostile-lengths") {
  constexpr std::uint32_t most = 0xFFFFFFFFU;
  CHECK(contains(error_of_reading(idx_bytes({most, most, most}, counting(8)), 3),
                 {"(4294967295, 4294967295, 4294967295)", "more than can be counted"}));
  CHECK(
      contains(error_of_reading(idx_bytes({0, most, most}, {}), 3), {"more than can be counted"}));
  // 2⁶⁴, which is 0 in 64 bits.
  CHECK(contains(error_of_reading(idx_bytes({1U << 31, 1U << 31, 4}, {}), 3),
                 {"more than can be counted"}));
  CHECK(contains(error_of_reading(idx_bytes({1U << 31, 1U << 20}, counting(8)), 2),
                 {"truncated", "2251799813685248 bytes, and 8 follow"}));
}

TEST_CASE("data.idx.not-a-file") {
  const TemporaryFolder folder;
  CHECK(contains(error_of([&] { read_idx(folder.path(), 1); }),
                 {folder.path().string(), "is a folder"}));
  CHECK(contains(error_of([&] { read_idx(folder / "none", 1); }),
                 {folder / "none", "cannot be opened", "No such file"}));
#ifndef _WIN32
  CHECK(contains(error_of([] { read_idx("/dev/null", 1); }), {"/dev/null", "not a regular file"}));
#endif
}

#ifndef _WIN32

TEST_CASE("data.idx.unreadable") {
  const TemporaryFolder folder;
  write_file(folder / "file", idx_bytes({2}, counting(2)));
  std::filesystem::permissions(folder / "file", std::filesystem::perms::none);
  // Root may read everything, so it becomes nobody for a moment.
  const bool root = geteuid() == 0;
  if (root) REQUIRE(seteuid(65534) == 0);
  const std::string message = error_of([&] { read_idx(folder / "file", 1); });
  if (root) REQUIRE(seteuid(0) == 0);
  CHECK(contains(message, {folder / "file", "cannot be opened", "Permission denied"}));
}
#endif

TEST_CASE("data.idx.expected-rank") {
  for (const std::size_t rank : {0U, 9U, 256U}) {
    CHECK(
        contains(error_of([&] { read_idx("file", rank); }), {"cannot be read as rank", "1 to 8"}));
  }
}

TEST_CASE("data.idx.any-damage-to-plain") {
  const TemporaryFolder folder;
  const std::size_t header = 16;
  const Bytes whole = idx_bytes({2, 3, 4}, counting(24));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    write_file(folder / "file", std::span(whole).first(length));
    CHECK_THROWS_AS(read_idx(folder / "file", 3), plastic::Error);
  }
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      Bytes damaged = whole;
      damaged[i] = static_cast<std::uint8_t>(damaged[i] ^ (1U << bit));
      write_file(folder / "file", damaged);
      if (i < header) {
        CHECK_THROWS_AS(read_idx(folder / "file", 3), plastic::Error);
      } else {
        const Bytes expected(damaged.begin() + header, damaged.end());
        CHECK(read_idx(folder / "file", 3).to_vector<std::uint8_t>() == expected);
      }
    }
  }
}
