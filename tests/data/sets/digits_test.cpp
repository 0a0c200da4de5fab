#include "plastic/data/digits.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "plastic/core/device.h"
#include "tests/data/files.h"

using plastic::Shape;
using plastic::Tensor;
using namespace plastic::data;
using namespace plastic::test;

TEST_CASE("data.digits.set") {
  const DatasetPair pair = digits({.train_size = 200, .test_size = 50});
  CHECK(pair.name == "digits");
  CHECK(pair.source == "generated");
  CHECK(pair.train.images.shape() == Shape{200, 1, 28, 28});
  CHECK(pair.test.images.shape() == Shape{50, 1, 28, 28});
  const auto labels = pair.train.labels.to_vector<std::int64_t>();
  for (std::size_t i = 0; i < labels.size(); ++i) {
    CHECK(labels[i] == static_cast<std::int64_t>(i % 10));
  }
  CHECK(pair.train.class_names.size() == 10);
  CHECK(pair.train.class_names[7] == "7");
}

TEST_CASE("data.digits.same-bytes-everywhere") {
  const DatasetPair pair = digits({.train_size = 2000, .test_size = 500});
  CHECK(hash(bytes_of(pair.train.images)) == 0x5ad334ae5e93d820U);
  CHECK(hash(bytes_of(pair.test.images)) == 0x0a89f00c79370eb7U);
}

TEST_CASE("data.digits.any-thread-count") {
  const int before = plastic::num_threads();
  plastic::set_num_threads(1);
  const Bytes alone = bytes_of(digits({.train_size = 500}).train.images);
  plastic::set_num_threads(3);
  CHECK(bytes_of(digits({.train_size = 500}).train.images) == alone);
  plastic::set_num_threads(before);
}

TEST_CASE("data.digits.smaller-is-a-beginning") {
  const Bytes small = bytes_of(digits({.train_size = 30}).train.images);
  const Bytes large = bytes_of(digits({.train_size = 60}).train.images);
  CHECK(std::equal(small.begin(), small.end(), large.begin()));
}

TEST_CASE("data.digits.all-differ") {
  const DatasetPair one = digits({.train_size = 60, .test_size = 60, .seed = 1});
  const DatasetPair two = digits({.train_size = 60, .test_size = 60, .seed = 2});
  std::set<std::uint64_t> hashes;
  for (const Tensor& images :
       {one.train.images, one.test.images, two.train.images, two.test.images}) {
    for (std::int64_t i = 0; i < 60; ++i) hashes.insert(hash(bytes_of(images.slice(0, i, i + 1))));
  }
  CHECK(hashes.size() == 4 * 60);
}

TEST_CASE("data.digits.light-on-dark") {
  const DatasetPair pair = digits({.train_size = 500, .test_size = 1});
  const Bytes bytes = bytes_of(pair.train.images);
  for (std::size_t i = 0; i < 500; ++i) {
    const auto image = std::span(bytes).subspan(i * 784, 784);
    const auto ink = std::ranges::count_if(image, [](std::uint8_t byte) { return byte > 128; });
    // A thin 1 has a few pixels of ink, and no digit fills half the page.
    CHECK(ink >= 5);
    CHECK(ink < 392);
  }
}

TEST_CASE("data.digits.errors") {
  CHECK(contains(error_of([] { digits({.train_size = 0}); }),
                 {"[digits] sizes must be at least 1, got train_size 0, test_size 2000"}));
  CHECK(contains(error_of([] { digits({.test_size = -1}); }), {"test_size -1"}));
}
