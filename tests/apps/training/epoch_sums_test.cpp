#include "apps/training/epoch_sums.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>

#include "apps/training/training.h"
#include "core/check.h"

using namespace plastic;
using namespace plastic::apps;

namespace {

constexpr std::int64_t largest = std::numeric_limits<std::int64_t>::max();

StateDict state_of(std::int64_t correct, std::int64_t images, std::int64_t batches) {
  const std::int64_t counts[] = {correct, images, batches};
  return {{"sums", Tensor::full({1}, 2.5, {.dtype = DType::f64})},
          {"counts", Tensor::from<std::int64_t>(counts, {3})}};
}

}  // namespace

TEST_CASE("apps.epoch_sums.state") {
  EpochSums sums;
  sums.restore(state_of(3, 10, 2));
  CHECK(sums.images() == 10);
  CHECK(sums.batches() == 2);
  CHECK(sums.loss() == 0.25);
  CHECK(sums.accuracy() == 0.3);
  EpochSums again;
  again.restore(sums.state());
  CHECK(again.accuracy() == 0.3);
}

// A checkpoint may come from elsewhere, and counting goes up from its counts.
TEST_CASE("apps.epoch_sums.refuses") {
  EpochSums sums;
  CHECK_THROWS_WITH_AS(sums.restore(state_of(0, largest, 1)), doctest::Contains("\"counts\""),
                       Error);
  CHECK_THROWS_WITH_AS(sums.restore(state_of(3, 2, 1)), doctest::Contains("\"counts\""), Error);
  CHECK_THROWS_WITH_AS(sums.restore(state_of(0, 2, 3)), doctest::Contains("\"counts\""), Error);
  CHECK_THROWS_WITH_AS(sums.restore(state_of(-1, 2, 1)), doctest::Contains("\"counts\""), Error);
  for (const double time : {std::nan(""), HUGE_VAL, 1e300, -1.0, 0.5}) {
    CAPTURE(time);
    CHECK_THROWS_WITH_AS(
        steps_done({{"schedule.time", Tensor::full({}, time, {.dtype = DType::f64})}}),
        doctest::Contains("expected a whole number"), Error);
  }
}
