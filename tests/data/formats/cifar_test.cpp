#include "plastic/data/cifar.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>

#include "plastic/data/catalog.h"
#include "tests/data/files.h"

using plastic::DType;
using plastic::Shape;
using namespace plastic::data;
using namespace plastic::test;
namespace fs = std::filesystem;

namespace {

/// Records with these labels in front; pixel p of record i is (i + p) mod 251.
Bytes records(std::initializer_list<Bytes> labels) {
  Bytes out;
  std::size_t i = 0;
  for (const Bytes& label : labels) {
    out = std::move(out) + label;
    for (std::size_t p = 0; p < 3072; ++p) out.push_back(static_cast<std::uint8_t>((i + p) % 251));
    ++i;
  }
  return out;
}

std::string error_of_reading(const fs::path& path) {
  return error_of([&] { read_cifar10({path}); });
}

void write_cifar10(const fs::path& folder) {
  for (const char* number : {"1", "2", "3", "4", "5"}) {
    write_file(folder / (std::string("data_batch_") + number + ".bin"),
               records({{static_cast<std::uint8_t>(*number - '0')}}));
  }
  write_file(folder / "test_batch.bin", records({{9}, {0}}));
}

}  // namespace

TEST_CASE("data.cifar.ten") {
  const TemporaryFolder folder;
  write_file(folder / "a.bin", records({{3}, {9}}));
  write_file(folder / "b.bin", records({{0}}));
  const ImageDataset set = read_cifar10({folder / "a.bin", folder / "b.bin"});
  CHECK(set.images.shape() == Shape{3, 3, 32, 32});
  CHECK(set.images.dtype() == DType::u8);
  CHECK(set.labels.to_vector<std::int64_t>() == std::vector<std::int64_t>{3, 9, 0});
  const Bytes pixels = set.images.to_vector<std::uint8_t>();
  for (std::size_t p = 0; p < 3072; ++p) {
    REQUIRE(pixels[p] == p % 251);
    REQUIRE(pixels[3072 + p] == (1 + p) % 251);
    REQUIRE(pixels[2 * 3072 + p] == p % 251);
  }
  CHECK(set.class_names.size() == 10);
  CHECK(set.class_names[3] == "cat");
  CHECK(set.class_names[9] == "truck");
  CHECK(set.mean == std::vector{0.491F, 0.482F, 0.447F});
  CHECK(set.deviation == std::vector{0.247F, 0.243F, 0.262F});
}

TEST_CASE("data.cifar.hundred") {
  const TemporaryFolder folder;
  write_file(folder / "train.bin", records({{19, 99}, {0, 1}}));
  const ImageDataset set = read_cifar100({folder / "train.bin"});
  CHECK(set.labels.to_vector<std::int64_t>() == std::vector<std::int64_t>{99, 1});
  CHECK(set.images.to_vector<std::uint8_t>()[3072 + 5] == 6);
  CHECK(set.class_names.size() == 100);
  CHECK(std::ranges::is_sorted(set.class_names));
  CHECK(std::ranges::adjacent_find(set.class_names) == set.class_names.end());
  CHECK(set.class_names.front() == "apple");
  CHECK(set.class_names[47] == "maple_tree");
  CHECK(set.class_names.back() == "worm");
  write_file(folder / "train.bin", records({{19, 100}}));
  CHECK(contains(error_of([&] { read_cifar100({folder / "train.bin"}); }),
                 {"train.bin: fine label 0 is 100, outside 0 to 99"}));
  write_file(folder / "train.bin", records({{1, 2}, {20, 99}}));
  CHECK(contains(error_of([&] { read_cifar100({folder / "train.bin"}); }),
                 {"train.bin: coarse label 1 is 20, outside 0 to 19"}));
}

TEST_CASE("data.cifar.more-records-than-are-read-at-once") {
  const TemporaryFolder folder;
  Bytes bytes;
  for (int i = 0; i < 1234; ++i) {
    bytes = std::move(bytes) + Bytes{static_cast<std::uint8_t>(i % 10)};
    bytes.resize(bytes.size() + 3072, static_cast<std::uint8_t>(i));
  }
  write_file(folder / "many.bin", bytes);
  const ImageDataset set = read_cifar10({folder / "many.bin"});
  const auto labels = set.labels.to_vector<std::int64_t>();
  const Bytes pixels = set.images.to_vector<std::uint8_t>();
  REQUIRE(labels.size() == 1234);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    REQUIRE(labels[i] == static_cast<std::int64_t>(i % 10));
    REQUIRE(pixels[i * 3072] == static_cast<std::uint8_t>(i));
    REQUIRE(pixels[i * 3072 + 3071] == static_cast<std::uint8_t>(i));
  }
  bytes[1111 * 3073] = 10;
  write_file(folder / "many.bin", bytes);
  CHECK(contains(error_of_reading(folder / "many.bin"), {"label 1111 is 10"}));
}

TEST_CASE("data.cifar.errors") {
  const TemporaryFolder folder;
  const fs::path path = folder / "batch.bin";
  const Bytes whole = records({{3}, {9}});
  for (const std::size_t length : {1U, 3072U, 3074U, 6145U}) {
    write_file(path, std::span(whole).first(length));
    CHECK(contains(error_of_reading(path), {"[cifar] " + path.string(), std::to_string(length),
                                            "not a whole number of records of 3073"}));
  }
  write_file(path, whole + Bytes{0});
  CHECK(contains(error_of_reading(path), {"6147 bytes"}));
  write_file(path, {});
  CHECK(contains(error_of_reading(path), {"holds no records"}));
  write_file(path, records({{3}, {10}}));
  CHECK(contains(error_of_reading(path), {"label 1 is 10, outside 0 to 9"}));
  CHECK(contains(error_of_reading(folder / "absent"), {"[cifar] ", "cannot be opened"}));
  CHECK(contains(error_of([] { read_cifar10({}); }), {"no files"}));
#ifndef _WIN32
  // A file that only pretends to be long takes no memory. Windows would fill it.
  write_file(path, {});
  fs::resize_file(path, std::uintmax_t{3073} << 30);
  CHECK(contains(error_of_reading(path), {"more than 1048576 records"}));
#endif
}

TEST_CASE("data.cifar.catalog") {
  const TemporaryFolder folder;
  for (const char* place :
       {"cifar-10", "cifar-10-batches-bin", "cifar-10/cifar-10-batches-bin", "."}) {
    CAPTURE(place);
    const TemporaryFolder root;
    write_cifar10(root / place);
    const DatasetPair pair = load("cifar-10", root.path());
    const fs::path folder_read = std::string(place) == "." ? root.path() : root.path() / place;
    CHECK(fs::path(pair.source) == folder_read);
    CHECK(pair.train.labels.to_vector<std::int64_t>() == std::vector<std::int64_t>{1, 2, 3, 4, 5});
    CHECK(pair.test.labels.to_vector<std::int64_t>() == std::vector<std::int64_t>{9, 0});
  }
  write_file(folder / "cifar-100-binary/train.bin", records({{0, 50}}));
  const auto load_hundred = [&] { return load("cifar-100", folder.path()); };
  CHECK(contains(error_of(load_hundred),
                 {"cifar-100 not found", "cifar-100-binary: lacks test.bin",
                  "cifar-100: no such folder", "https://www.cs.toronto.edu/~kriz/"}));
  write_file(folder / "cifar-100-binary/test.bin", records({{0, 51}}));
  CHECK(load_hundred().test.labels.item() == 51);
}
