#include <doctest/doctest.h>

#include <algorithm>

#include "plastic/data/catalog.h"

using plastic::Shape;
using namespace plastic::data;

TEST_CASE("data.catalog.fashion-mnist") {
  if (!locate("fashion-mnist", {})) {
    MESSAGE("skipped: fashion-mnist is not installed (apt install dataset-fashion-mnist)");
    return;
  }
  const DatasetPair pair = load("fashion-mnist");
  CHECK(pair.train.images.shape() == Shape{60000, 1, 28, 28});
  CHECK(pair.test.images.shape() == Shape{10000, 1, 28, 28});
  const std::vector<std::int64_t> labels = pair.train.labels.to_vector<std::int64_t>();
  CHECK(std::vector(labels.begin(), labels.begin() + 5) ==
        std::vector<std::int64_t>{9, 0, 0, 3, 0});
  for (std::int64_t label = 0; label < 10; ++label) {
    CHECK(std::ranges::count(labels, label) == 6000);
  }
}
