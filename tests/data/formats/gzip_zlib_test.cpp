#include <doctest/doctest.h>

#include "plastic/core/error.h"
#include "plastic/data/cifar.h"
#include "plastic/data/idx.h"
#include "tests/data/files.h"

using plastic::Error;
using plastic::Shape;
using plastic::Tensor;
using plastic::data::read_idx;
using namespace plastic::test;

namespace {

/// i² mod 7.
Bytes squares() {
  Bytes out;
  for (int i = 0; i < 24; ++i) out.push_back(static_cast<std::uint8_t>(i * i % 7));
  return out;
}

/// idx_bytes({2, 3, 4}, squares()) as zlib compresses it at level 9.
Bytes compressed_squares() {
  return {0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x63, 0x60, 0xe0, 0x60,
          0x66, 0x60, 0x60, 0x60, 0x02, 0x62, 0x10, 0xcd, 0xc2, 0xc0, 0xc8, 0xc2, 0xc4, 0xc4,
          0xc2, 0x88, 0x41, 0x01, 0x00, 0xdd, 0xb2, 0xdc, 0xa5, 0x28, 0x00, 0x00, 0x00};
}

Tensor read(const Bytes& bytes, std::size_t rank = 3) {
  const TemporaryFolder folder;
  write_file(folder / "file", bytes);
  return read_idx(folder / "file", rank);
}

std::string error_of_reading(const Bytes& bytes, std::size_t rank = 3) {
  const std::string message = error_of([&] { read(bytes, rank); });
  CHECK(contains(message, {"[idx] ", "/file: "}));
  return message;
}

}  // namespace

TEST_CASE("data.gzip.read") {
  const Tensor images = read(compressed_squares());
  CHECK(images.shape() == Shape{2, 3, 4});
  CHECK(images.to_vector<std::uint8_t>() == squares());
}

TEST_CASE("data.gzip.several-members") {
  const Bytes whole = idx_bytes({2, 3, 4}, squares());
  const std::span bytes(whole);
  const Bytes joined = gzip_stored(bytes.first(7)) + gzip_stored({}) +
                       gzip_stored(bytes.subspan(7, 20)) + gzip_stored(bytes.subspan(27));
  CHECK(read(joined).to_vector<std::uint8_t>() == squares());
}

TEST_CASE("data.gzip.padding") {
  const Bytes whole = compressed_squares();
  // Beyond the reader's buffer, too.
  for (const std::size_t zeros : {1U, 2U, 511U, 65536U, 200000U}) {
    CAPTURE(zeros);
    CHECK(read(whole + Bytes(zeros)).to_vector<std::uint8_t>() == squares());
  }
  const Bytes raw = idx_bytes({2, 3, 4}, squares());
  const std::span bytes(raw);
  const Bytes padded =
      gzip_stored(bytes.first(7)) + Bytes(100000) + gzip_stored(bytes.subspan(7)) + Bytes(3);
  CHECK(read(padded).to_vector<std::uint8_t>() == squares());
  CHECK(contains(error_of_reading(whole + Bytes(70000) + Bytes{7}), {"not gzip follow the end"}));
  CHECK(contains(error_of_reading(whole + Bytes(5) + Bytes{0x1f}), {"truncated"}));
  // Zeros in the place of the data's end are no padding.
  CHECK(contains(error_of_reading(Bytes(whole.begin(), whole.end() - 8) + Bytes(512)),
                 {"corrupt gzip data"}));
}

TEST_CASE("data.gzip.larger-than-a-buffer") {
  Bytes payload(300000);
  for (std::size_t i = 0; i < payload.size(); ++i) {
    payload[i] = static_cast<std::uint8_t>(i * 2654435761U >> 13);
  }
  const Bytes file = gzip_stored(idx_bytes({300000}, payload));
  CHECK(read(file, 1).to_vector<std::uint8_t>() == payload);
}

TEST_CASE("data.gzip.truncated") {
  const Bytes whole = compressed_squares();
  for (std::size_t length = 2; length < whole.size(); ++length) {
    CAPTURE(length);
    CHECK(contains(error_of_reading(Bytes(whole.begin(), whole.begin() + std::ptrdiff_t(length))),
                   {"truncated", "the gzip data stop before their end"}));
  }
}

TEST_CASE("data.gzip.corrupt") {
  Bytes checksum = compressed_squares();
  checksum[checksum.size() - 5] ^= 1;
  CHECK(contains(error_of_reading(checksum), {"corrupt gzip data", "incorrect data check"}));
  Bytes length = compressed_squares();
  length.back() ^= 1;
  CHECK(contains(error_of_reading(length), {"corrupt gzip data", "incorrect length check"}));
  const Bytes trailing = compressed_squares() + Bytes{0, 1};
  CHECK(contains(error_of_reading(trailing), {"not gzip follow the end"}));
}

TEST_CASE("data.gzip.wrong-length-inside") {
  const Bytes payload = squares();
  CHECK(contains(error_of_reading(gzip_stored(idx_bytes({2, 3, 5}, payload))),
                 {"truncated", "(2, 3, 5) = 30 bytes, and 24 follow"}));
  CHECK(contains(error_of_reading(gzip_stored(idx_bytes({2, 3, 3}, payload))),
                 {"oversized", "(2, 3, 3) = 18 bytes, and more follow"}));
  CHECK(contains(error_of_reading(gzip_stored(idx_bytes({24}, payload))),
                 {"expected magic 0x803, found 0x801"}));
  CHECK(contains(error_of_reading(gzip_stored({})), {"truncated", "after 0 bytes"}));
}

TEST_CASE("data.gzip.hostile-length") {
  const Bytes file = gzip_stored(idx_bytes({1U << 31}, squares()));
  const std::string most = std::to_string(1032 * file.size());
  CHECK(contains(error_of_reading(file, 1), {"2147483648 bytes", "at most " + most}));
}

TEST_CASE("data.gzip.any-bit-flipped") {
  const TemporaryFolder folder;
  const Bytes whole = compressed_squares();
  int refused = 0;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      Bytes damaged = whole;
      damaged[i] = static_cast<std::uint8_t>(damaged[i] ^ (1U << bit));
      write_file(folder / "file", damaged);
      CAPTURE(i);
      CAPTURE(bit);
      // The checksum lets nothing through but flips of what it does not cover, such as the time.
      try {
        const Tensor images = read_idx(folder / "file", 3);
        CHECK(images.to_vector<std::uint8_t>() == squares());
      } catch (const Error&) {
        ++refused;
      }
    }
  }
  CHECK(refused > 200);
}

TEST_CASE("data.gzip.cifar") {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder / "batch.bin.gz";
  Bytes records(2 * 3073, 5);
  write_file(path, gzip_stored(records));
  CHECK(plastic::data::read_cifar10({path}).labels.to_vector<std::int64_t>() ==
        std::vector<std::int64_t>{5, 5});
  const auto error = [&] { return error_of([&] { plastic::data::read_cifar10({path}); }); };
  records.pop_back();
  write_file(path, gzip_stored(records));
  CHECK(contains(error(), {path.string(), "6145 bytes are not a whole number of records of 3073"}));
  write_file(path, gzip_stored({}));
  CHECK(contains(error(), {"holds no records"}));
}
