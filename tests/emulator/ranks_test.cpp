// Sums over the devices of several ranks, each of which is an emulated device, against the CPU's
// bits.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "core/device/backend.h"
#include "core/device/ordered_sums.h"
#include "core/device/rank_link.h"
#include "core/tensor/tensor_impl.h"
#include "distributed/device_sums.h"
#include "distributed/fixed_tree.h"
#include "plastic/core/random.h"
#include "plastic/core/recording.h"
#include "plastic/core/tensor.h"
#include "tests/emulator/libraries.h"
#include "tests/support/text.h"

namespace plastic::test {
namespace {

using distributed::DeviceSums;
using distributed::KnownSum;
using distributed::ShardLayout;
using distributed::TreeNode;
using distributed::TreeSum;

Device device_of(int rank) { return {.type = DeviceType::cuda, .index = rank}; }

float* values_of(const Tensor& tensor) { return static_cast<float*>(memory(tensor)); }

RankLinks& links_of(int rank) { return dynamic_cast<RankLinks&>(backend(device_of(rank))); }

std::vector<std::unique_ptr<RankLink>> linked(int ranks) {
  const std::vector<std::byte> id = links_of(0).new_link_id();
  std::vector<std::unique_ptr<RankLink>> links;
  for (int r = 0; r < ranks; ++r) links.push_back(links_of(r).link(r, ranks, id));
  return links;
}

/// Numbers of many magnitudes, whose sum depends on the order.
std::vector<float> numbers(std::int64_t count, std::uint64_t seed) {
  Generator generator{.seed = seed};
  std::vector<float> values = normal({count}, 0, 1, generator).to_vector<float>();
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = std::ldexp(values[i], static_cast<int>(i * seed % 17) - 8);
  }
  return values;
}

Tensor on(Device device, const std::vector<float>& values) {
  return Tensor::from<float>(values, {static_cast<std::int64_t>(values.size())}).to(device);
}

struct Shards {
  Shards(int shards, std::int64_t batch, std::int64_t count) : layout_count(count) {
    for (int s = 0; s < shards; ++s) {
      values.push_back(numbers(count, static_cast<std::uint64_t>(s) + 3));
      known.push_back({{s, s + 1}, s < batch ? values.back().data() : nullptr});
    }
  }
  /// The CPU's.
  std::vector<float> sum() const {
    std::vector<float> result(static_cast<std::size_t>(layout_count));
    // The vectors inside have not moved.
    TreeSum<float>({0, static_cast<int>(values.size())}, known)
        .write(0, layout_count, result.data());
    return result;
  }

  std::int64_t layout_count;
  std::vector<std::vector<float>> values;
  std::vector<KnownSum<float>> known;
};

/// Each rank's result.
std::vector<std::vector<float>> sums_on_devices(const Shards& shards, int ranks,
                                                std::int64_t batch) {
  const int count = static_cast<int>(shards.values.size());
  const ShardLayout layout(count, ranks);
  std::vector<std::unique_ptr<RankLink>> links;
  if (ranks > 1) links = linked(ranks);
  links.resize(static_cast<std::size_t>(ranks));
  std::vector<std::unique_ptr<DeviceSums>> sums;
  std::vector<Tensor> given, out;
  for (int r = 0; r < ranks; ++r) {
    const Device device = device_of(r);
    sums.push_back(
        std::make_unique<DeviceSums>(device, r, std::move(links[static_cast<std::size_t>(r)])));
    std::vector<const float*> own;
    const TreeNode mine = layout.shards_of(r);
    for (int s = mine.first; s < mine.last; ++s) {
      given.push_back(on(device, shards.values[static_cast<std::size_t>(s)]));
      own.push_back(s < batch ? values_of(given.back()) : nullptr);
    }
    out.push_back(Tensor::empty({shards.layout_count}, {.device = device}));
    // Nothing waits: one thread asks for the work of all ranks, one after the other.
    sums.back()->add_over_ranks(layout, batch, own, shards.layout_count, values_of(out.back()));
  }
  std::vector<std::vector<float>> results;
  for (const Tensor& one : out) results.push_back(one.to_vector<float>());
  return results;
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

TEST_CASE("emulator.ranks.sums_of_shards_have_the_bits_of_the_cpu_on_any_number_of_devices") {
  for (const int shards : {1, 2, 3, 4, 7, 8, 40}) {
    for (const std::int64_t batch : {std::int64_t{64}, std::int64_t{3}}) {
      for (const std::int64_t count : {std::int64_t{16}, std::int64_t{1040}}) {
        const Shards given(shards, batch, count);
        const std::vector<float> expected = given.sum();
        for (const int ranks : {1, 2, 3, 4}) {
          if (ranks > shards) continue;
          CAPTURE(shards);
          CAPTURE(batch);
          CAPTURE(count);
          CAPTURE(ranks);
          for (const std::vector<float>& sum : sums_on_devices(given, ranks, batch)) {
            CHECK(same_bits(sum, expected));
          }
        }
      }
    }
  }
}

TEST_CASE("emulator.ranks.the_order_matters_to_the_numbers_of_these_tests") {
  const Shards given(8, 64, 1040);
  std::vector<float> sum(1040);
  for (const std::vector<float>& one : given.values) {
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += one[i];
  }
  CHECK_FALSE(same_bits(sum, given.sum()));
}

TEST_CASE("emulator.ranks.plain_sums_are_nccls") {
  for (const int ranks : {2, 4}) {
    const auto links = linked(ranks);
    std::vector<Tensor> values;
    std::vector<double> expected(100);
    for (int r = 0; r < ranks; ++r) {
      const std::vector<float> own = numbers(100, static_cast<std::uint64_t>(r) + 1);
      for (std::size_t i = 0; i < own.size(); ++i) expected[i] += own[i];
      values.push_back(on(device_of(r), own));
    }
    for (int r = 0; r < ranks; ++r) {
      const auto at = static_cast<std::size_t>(r);
      links[at]->all_reduce_plain(values_of(values[at]), 100);
    }
    const std::vector<float> first = values[0].to_vector<float>();
    for (std::size_t i = 0; i < first.size(); ++i) {
      CHECK(first[i] == doctest::Approx(expected[i]).epsilon(1e-5));
    }
    for (const Tensor& other : values) CHECK(same_bits(other.to_vector<float>(), first));
  }
}

TEST_CASE("emulator.ranks.terms_that_do_not_make_one_sum_are_refused") {
  const Tensor values = on(device_of(0), std::vector<float>(8, 1));
  auto& sums = dynamic_cast<OrderedSums&>(backend(device_of(0)));
  float* const data = values_of(values);
  const auto error = [&](const std::vector<AddedTerm>& terms) {
    return error_of([&] { sums.add_in_order(terms, 8, data); });
  };
  CHECK(error({}) == "[add_in_order] 0 terms that leave 0 numbers; give at most 32, joined to one");
  CHECK(contains(error({{data, 0}, {data, 0}}), "2 terms that leave 2 numbers"));
  CHECK(contains(error({{data, 1}}), "1 terms that leave 0 numbers"));
  CHECK(contains(error(std::vector<AddedTerm>(33, {data, 0})), "33 terms"));
}

TEST_CASE("emulator.ranks.sums_of_parts_that_are_not_aligned") {
  const std::vector<float> a = numbers(39, 1), b = numbers(39, 2), c = numbers(39, 3);
  const Tensor x = on(device_of(0), a), y = on(device_of(0), b), z = on(device_of(0), c);
  auto& sums = dynamic_cast<OrderedSums&>(backend(device_of(0)));
  // x + (y + z), from the second number on, into x.
  const std::vector<AddedTerm> terms = {
      {values_of(x) + 1, 0}, {values_of(y) + 1, 0}, {values_of(z) + 1, 2}};
  sums.add_in_order(terms, 37, values_of(x) + 1);
  const std::vector<float> sum = x.to_vector<float>();
  for (std::size_t i = 1; i < 38; ++i) CHECK(sum[i] == a[i] + (b[i] + c[i]));
  CHECK(sum[0] == a[0]);
  CHECK(sum[38] == a[38]);
}

TEST_CASE("emulator.ranks.what_nccl_refuses_is_an_error_that_names_the_call") {
  emulator::Nccl& nccl = emulator::nccl();
  const std::vector<std::byte> id = links_of(0).new_link_id();
  const auto first = links_of(0).link(0, 2, id);
  CHECK(error_of([&] { links_of(0).link(1, 2, id); }) ==
        "[cuda] ncclCommInitRank: invalid usage, two ranks on one device");
  CHECK(error_of([&] { links_of(1).link(1, 2, std::vector<std::byte>(3)); }) ==
        "[cuda] an identity of 3 bytes for linked ranks; NCCL's has 128");
  auto second = links_of(1).link(1, 2, id);
  const Tensor values = on(device_of(1), std::vector<float>(8, 1));
  CHECK(error_of([&] {
          const std::vector<RankLink::Sent> sent = {
              {.rank = 2, .values = values_of(values), .count = 8}};
          second->exchange(sent, {});
        }) == "[cuda] ncclSend: invalid argument, no such rank");
  nccl.fails = true;
  CHECK(contains(error_of([&] { second->all_reduce_plain(values_of(values), 8); }),
                 "[cuda] ncclAllReduce: unhandled cuda error"));
  nccl.fails = false;
  // After an error it is given up: the others may never come.
  const int aborts = nccl.aborts;
  second.reset();
  CHECK(nccl.aborts == aborts + 1);
}

TEST_CASE("emulator.ranks.without_nccl_devices_are_not_linked") {
  emulator::nccl().is_missing = true;
  const std::string error = error_of([] { links_of(0).new_link_id(); });
  emulator::nccl().is_missing = false;
  CHECK(error ==
        "[cuda] the devices of several ranks cannot be linked: NCCL cannot be loaded: the emulator "
        "was asked to do without NCCL; put its folder on LD_LIBRARY_PATH, or use --device cpu");
}

TEST_CASE("emulator.ranks.an_exchange_can_be_recorded") {
  constexpr int ranks = 2;
  const ShardLayout layout(4, ranks);
  auto links = linked(ranks);
  std::vector<std::unique_ptr<DeviceSums>> sums;
  std::vector<Tensor> shards, out;
  std::vector<std::unique_ptr<Recording>> recordings;
  std::vector<Generator> generators(ranks);
  for (int r = 0; r < ranks; ++r) {
    const auto at = static_cast<std::size_t>(r);
    sums.push_back(std::make_unique<DeviceSums>(device_of(r), r, std::move(links[at])));
    for (int s = 0; s < 2; ++s) shards.push_back(on(device_of(r), std::vector<float>(64, 0)));
    out.push_back(Tensor::empty({64}, {.device = device_of(r)}));
    recordings.push_back(std::make_unique<Recording>(device_of(r), generators[at], [&] {
      const std::vector<const float*> own = {values_of(shards[2 * at]),
                                             values_of(shards[2 * at + 1])};
      sums[at]->add_over_ranks(layout, 8, own, 64, values_of(out[at]));
    }));
  }
  for (const std::uint64_t seed : {std::uint64_t{5}, std::uint64_t{6}}) {
    Shards given(4, 8, 64);
    for (std::size_t s = 0; s < 4; ++s) {
      std::ranges::copy(numbers(64, seed * 10 + s), given.values[s].begin());
      shards[s].copy_(on(shards[s].device(), given.values[s]));
    }
    for (const auto& recording : recordings) recording->repeat();
    for (const Tensor& one : out) CHECK(same_bits(one.to_vector<float>(), given.sum()));
  }
  recordings.clear();
}

}  // namespace
}  // namespace plastic::test
