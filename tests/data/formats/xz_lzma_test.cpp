#include <doctest/doctest.h>

#include "plastic/data/cifar.h"
#include "plastic/data/idx.h"
#include "tests/data/files.h"
#include "tests/data/xz_records.h"

using namespace plastic::data;
using namespace plastic::test;

TEST_CASE("data.xz.reads") {
  const TemporaryFolder folder;
  const auto path = folder / "batch.bin.xz";
  write_file(path, two_records_as_xz);
  const ImageDataset one = read_cifar10({path});
  CHECK(one.labels.to_vector<std::int64_t>() == std::vector<std::int64_t>{5, 5});
  CHECK(one.images.to_vector<std::uint8_t>() == Bytes(2 * 3072, 5));
  write_file(path, two_records_as_xz + two_records_as_xz);
  CHECK(read_cifar10({path}).size() == 4);
}

// The format pads streams with zeros in fours.
TEST_CASE("data.xz.padding") {
  const TemporaryFolder folder;
  const auto path = folder / "batch.bin.xz";
  for (const std::size_t zeros : {4U, 512U, 65536U, 200000U}) {
    CAPTURE(zeros);
    write_file(path, two_records_as_xz + Bytes(zeros));
    CHECK(read_cifar10({path}).size() == 2);
  }
  write_file(path, two_records_as_xz + Bytes(8) + two_records_as_xz + Bytes(4));
  CHECK(read_cifar10({path}).size() == 4);
  for (const std::size_t zeros : {1U, 2U, 3U, 513U}) {
    CAPTURE(zeros);
    write_file(path, two_records_as_xz + Bytes(zeros));
    CHECK(contains(error_of([&] { read_cifar10({path}); }), {path, "xz"}));
  }
}

TEST_CASE("data.xz.cut-short-anywhere") {
  const TemporaryFolder folder;
  const auto path = folder / "batch.bin.xz";
  // With fewer bytes than the magic number it is no xz file.
  for (std::size_t length = 6; length < two_records_as_xz.size(); ++length) {
    CAPTURE(length);
    write_file(path, std::span(two_records_as_xz).first(length));
    CHECK(contains(error_of([&] { read_cifar10({path}); }), {"[cifar] " + path, "xz"}));
  }
  write_file(path, std::span(two_records_as_xz).first(90));
  CHECK(contains(error_of([&] { read_cifar10({path}); }), {"truncated: the xz data stop"}));
}

TEST_CASE("data.xz.damaged-anywhere") {
  const TemporaryFolder folder;
  const auto path = folder / "batch.bin.xz";
  for (std::size_t i = 6; i < two_records_as_xz.size(); ++i) {
    CAPTURE(i);
    Bytes damaged = two_records_as_xz;
    damaged[i] ^= 0x04;
    write_file(path, damaged);
    CHECK(contains(error_of([&] { read_cifar10({path}); }), {"[cifar] " + path}));
  }
  write_file(path, two_records_as_xz + Bytes{1, 2, 3});
  CHECK(contains(error_of([&] { read_cifar10({path}); }), {path, "xz"}));
}

TEST_CASE("data.xz.idx") {
  const TemporaryFolder folder;
  const auto path = folder / "images.xz";
  write_file(path, two_records_as_xz);
  CHECK(contains(error_of([&] { read_idx(path, 1); }), {"[idx] ", "expected magic 0x801"}));
}
