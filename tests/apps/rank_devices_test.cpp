// Which CUDA device a rank of a machine computes on.
#include <doctest/doctest.h>

#include "apps/ranks/ranks.h"
#include "tests/support/text.h"

namespace plastic::apps {
namespace {

constexpr Device cuda{.type = DeviceType::cuda};

TEST_CASE("apps.ranks.each_rank_of_a_machine_has_a_cuda_device_of_its_own") {
  for (int rank = 0; rank < 4; ++rank) {
    const Device own{.type = DeviceType::cuda, .index = rank};
    CHECK(device_of_rank(cuda, rank, 4, 4, false) == own);
    CHECK(device_of_rank(cuda, rank, 4, 8, true) == own);
  }
  CHECK(device_of_rank(Device{}, 3, 4, 0, false) == Device{});
}

TEST_CASE("apps.ranks.a_device_that_is_named_or_the_only_one_seen_is_meant") {
  const Device third{.type = DeviceType::cuda, .index = 2};
  CHECK(device_of_rank(third, 1, 2, 4, false) == third);
  CHECK(device_of_rank(cuda, 1, 2, 1, true) == cuda);
}

TEST_CASE("apps.ranks.fewer_devices_than_ranks_are_an_error") {
  CHECK(test::error_of([] { device_of_rank(cuda, 1, 2, 1, false); }) ==
        "[distributed] 2 ranks on this machine, and 1 CUDA device; each rank needs one of its own: "
        "start no more ranks than that, or use --device cpu");
  CHECK(test::contains(test::error_of([] { device_of_rank(cuda, 4, 5, 4, true); }),
                       "5 ranks on this machine, and 4 CUDA devices"));
}

TEST_CASE("apps.ranks.devices_are_dealt_out_to_the_ranks_of_a_study") {
  const auto index = [](int rank, int devices) {
    return device_of_runs(cuda, rank, devices).index;
  };
  CHECK(index(0, 2) == 0);
  CHECK(index(1, 2) == 1);
  // More ranks than devices share them.
  CHECK(index(2, 2) == 0);
  CHECK(index(3, 2) == 1);
  CHECK(index(1, 1) == 0);
  const Device third{.type = DeviceType::cuda, .index = 2};
  CHECK(device_of_runs(third, 1, 4) == third);
  // That there is no device is for others to say.
  CHECK(device_of_runs(cuda, 1, 0) == cuda);
  CHECK(device_of_runs(Device{}, 1, 4) == Device{});
}

}  // namespace
}  // namespace plastic::apps
