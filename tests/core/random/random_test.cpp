#include "plastic/core/random.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <thread>
#include <vector>

#include "core/random/philox.h"
#include "plastic/core/device.h"
#include "plastic/core/ops.h"

namespace plastic {
namespace {

TEST_CASE("core.random.philox_known_answers") {
  // Known answers of the authors' Random123 library for philox4x32-10.
  const auto check = [](std::uint64_t seed, std::uint64_t stream, std::uint64_t index,
                        std::array<std::uint32_t, 4> expected) {
    const PhiloxBlock block = philox(seed, stream, index);
    CHECK(std::equal(expected.begin(), expected.end(), block.word));
  };
  check(0, 0, 0, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  check(~0ULL, ~0ULL, ~0ULL, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  check(0x299f31d0a4093822, 0x0370734413198a2e, 0x85a308d3243f6a88,
        {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("core.random.bulk_draws_follow_the_sequence") {
  Generator generator{.seed = 42, .stream = 3};
  const std::vector<float> values = uniform({10}, 0, 1, generator).to_vector<float>();
  CHECK(generator.offset == 3);
  for (std::size_t i = 0; i < values.size(); ++i) {
    CHECK(values[i] == uniform_from(philox(42, 3, i / 4).word[i % 4]));
  }
}

TEST_CASE("core.random.bulk_draws_carry_past_32_bits") {
  const std::uint64_t start = 0xFFFFFFFAULL;
  Generator generator{.seed = 0x123456789ABCDEF, .stream = 0xFEDCBA9876543210, .offset = start};
  const std::vector<float> values = uniform({200}, 0, 1, generator).to_vector<float>();
  for (std::size_t i = 0; i < values.size(); ++i) {
    const PhiloxBlock block = philox(0x123456789ABCDEF, 0xFEDCBA9876543210, start + i / 4);
    CHECK(values[i] == uniform_from(block.word[i % 4]));
  }
}

TEST_CASE("core.random.threads_do_not_matter") {
  const int before = num_threads();
  const auto draw = [](int threads) {
    set_num_threads(threads);
    Generator generator{.seed = 1};
    return normal({100001}, 0, 1, generator).to_vector<float>();
  };
  const std::vector<float> one = draw(1);
  CHECK(one == draw(3));
  set_num_threads(before);
}

TEST_CASE("core.random.moments") {
  Generator generator{.seed = 8};
  const Tensor x = normal({200000}, 3, 2, generator);
  const double average = mean(x).item();
  const Tensor centred = x - average;
  CHECK(average == doctest::Approx(3).epsilon(0.01));
  CHECK(std::sqrt(mean(centred * centred).item()) == doctest::Approx(2).epsilon(0.01));
  const std::vector<float> u = uniform({100000}, -1, 3, generator).to_vector<float>();
  CHECK(*std::min_element(u.begin(), u.end()) >= -1);
  CHECK(*std::max_element(u.begin(), u.end()) < 3);
}

TEST_CASE("core.random.next_below") {
  Generator generator{.seed = 2};
  std::array<int, 7> counts{};
  for (int i = 0; i < 7000; ++i) ++counts[static_cast<std::size_t>(generator.next_below(7))];
  for (const int count : counts) CHECK(std::abs(count - 1000) < 150);
}

TEST_CASE("core.random.manual_seed") {
  manual_seed(5);
  const std::vector<float> first = uniform({8}, 0, 1, default_generator()).to_vector<float>();
  manual_seed(5);
  CHECK(first == uniform({8}, 0, 1, default_generator()).to_vector<float>());
}

/// What several threads do at a time.
void on_threads(int count, const std::function<void(int)>& body) {
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) threads.emplace_back(body, i);
  for (std::thread& thread : threads) thread.join();
}

TEST_CASE("core.random.threads_that_share_a_generator_get_parts_of_their_own") {
  constexpr int draws = 200;
  constexpr int threads = 4;
  Generator own{.seed = 9};
  manual_seed(9);
  for (Generator* generator : {&own, &default_generator()}) {
    // 4 numbers are a block: together the draws are the sequence, in some order.
    std::vector<std::vector<float>> drawn(threads);
    on_threads(threads, [&](int thread) {
      for (int i = 0; i < draws; ++i) {
        const std::vector<float> block = uniform({4}, 0, 1, *generator).to_vector<float>();
        std::vector<float>& all = drawn[static_cast<std::size_t>(thread)];
        all.insert(all.end(), block.begin(), block.end());
      }
    });
    std::vector<float> all;
    for (const std::vector<float>& some : drawn) all.insert(all.end(), some.begin(), some.end());
    Generator alone{.seed = 9};
    std::vector<float> expected = uniform({4 * draws * threads}, 0, 1, alone).to_vector<float>();
    std::sort(all.begin(), all.end());
    std::sort(expected.begin(), expected.end());
    CHECK(all == expected);
    CHECK(*generator == alone);
  }
}

TEST_CASE("core.random.threads_draw_single_numbers_and_seed") {
  manual_seed(4);
  std::vector<std::vector<std::uint32_t>> drawn(4);
  on_threads(4, [&](int thread) {
    for (int i = 0; i < 500; ++i) {
      drawn[static_cast<std::size_t>(thread)].push_back(default_generator().next_u32());
    }
  });
  std::vector<std::uint32_t> all;
  for (const auto& some : drawn) all.insert(all.end(), some.begin(), some.end());
  std::vector<std::uint32_t> expected;
  Generator alone{.seed = 4};
  for (std::size_t i = 0; i < all.size(); ++i) expected.push_back(alone.next_u32());
  std::sort(all.begin(), all.end());
  std::sort(expected.begin(), expected.end());
  CHECK(all == expected);

  // The thread sanitizer looks at this one.
  on_threads(3, [](int thread) {
    for (int i = 0; i < 50; ++i) {
      if (thread == 0) manual_seed(5);
      dropout(Tensor::ones({10}), 0.5);
      default_generator().next_below(3);
    }
  });
}

}  // namespace
}  // namespace plastic
