#include <doctest/doctest.h>

#include "plastic/data/cifar.h"
#include "plastic/data/idx.h"
#include "tests/data/files.h"

using namespace plastic::data;
using namespace plastic::test;

namespace {

/// Two records of CIFAR-10, every byte 5, as xz 5.4 compresses them.
const Bytes compressed = {
    0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 0x00, 0x04, 0xe6, 0xd6, 0xb4, 0x46, 0x02, 0x00, 0x21,
    0x01, 0x16, 0x00, 0x00, 0x00, 0x74, 0x2f, 0xe5, 0xa3, 0xe0, 0x18, 0x01, 0x00, 0x22, 0x5d,
    0x00, 0x02, 0xef, 0xfb, 0xbf, 0xfe, 0xa3, 0xb1, 0x5e, 0xe5, 0xf8, 0x3f, 0xb2, 0xaa, 0x26,
    0x55, 0xf8, 0x68, 0x70, 0x41, 0x70, 0x15, 0x0f, 0x8d, 0xfd, 0x1e, 0x4c, 0x1b, 0x8a, 0x41,
    0xed, 0x75, 0x9e, 0x00, 0x00, 0x00, 0x00, 0x00, 0xf3, 0xe4, 0xd7, 0x61, 0x45, 0xd9, 0x96,
    0xfb, 0x00, 0x01, 0x3e, 0x82, 0x30, 0x00, 0x00, 0x00, 0x53, 0xa9, 0x28, 0xc6, 0xb1, 0xc4,
    0x67, 0xfb, 0x02, 0x00, 0x00, 0x00, 0x00, 0x04, 0x59, 0x5a};

}  // namespace

TEST_CASE("data.xz.reads") {
  const TempFolder folder;
  const auto path = folder / "batch.bin.xz";
  write_file(path, compressed);
  const ImageDataset one = read_cifar10({path});
  CHECK(one.labels.to_vector<std::int64_t>() == std::vector<std::int64_t>{5, 5});
  CHECK(one.images.to_vector<std::uint8_t>() == Bytes(2 * 3072, 5));
  write_file(path, compressed + compressed);
  CHECK(read_cifar10({path}).size() == 4);
}

// The format pads streams with zeros in fours.
TEST_CASE("data.xz.padding") {
  const TempFolder folder;
  const auto path = folder / "batch.bin.xz";
  for (const std::size_t zeros : {4, 512, 65536, 200000}) {
    CAPTURE(zeros);
    write_file(path, compressed + Bytes(zeros));
    CHECK(read_cifar10({path}).size() == 2);
  }
  write_file(path, compressed + Bytes(8) + compressed + Bytes(4));
  CHECK(read_cifar10({path}).size() == 4);
  for (const std::size_t zeros : {1, 2, 3, 513}) {
    CAPTURE(zeros);
    write_file(path, compressed + Bytes(zeros));
    CHECK(contains(error_of([&] { read_cifar10({path}); }), {path.string(), "xz"}));
  }
}

TEST_CASE("data.xz.cut-short-anywhere") {
  const TempFolder folder;
  const auto path = folder / "batch.bin.xz";
  // With fewer bytes than the magic number it is no xz file.
  for (std::size_t length = 6; length < compressed.size(); ++length) {
    CAPTURE(length);
    write_file(path, std::span(compressed).first(length));
    CHECK(contains(error_of([&] { read_cifar10({path}); }), {"[cifar] " + path.string(), "xz"}));
  }
  write_file(path, std::span(compressed).first(90));
  CHECK(contains(error_of([&] { read_cifar10({path}); }), {"truncated: the xz data stop"}));
}

TEST_CASE("data.xz.damaged-anywhere") {
  const TempFolder folder;
  const auto path = folder / "batch.bin.xz";
  for (std::size_t i = 6; i < compressed.size(); ++i) {
    CAPTURE(i);
    Bytes damaged = compressed;
    damaged[i] ^= 0x04;
    write_file(path, damaged);
    CHECK(contains(error_of([&] { read_cifar10({path}); }), {"[cifar] " + path.string()}));
  }
  write_file(path, compressed + Bytes{1, 2, 3});
  CHECK(contains(error_of([&] { read_cifar10({path}); }), {path.string(), "xz"}));
}

TEST_CASE("data.xz.idx") {
  const TempFolder folder;
  const auto path = folder / "images.xz";
  write_file(path, compressed);
  CHECK(contains(error_of([&] { read_idx(path, 1); }), {"[idx] ", "expected magic 0x801"}));
}
