#include "distributed/host_sums.h"

#include <cstddef>
#include <utility>

#include "core/threads/parallel.h"

namespace plastic::distributed {
namespace {

constexpr std::int64_t grain = 65536;

std::span<const std::byte> bytes_of(const float* values, std::int64_t count) {
  return std::as_bytes(std::span(values, static_cast<std::size_t>(count)));
}

std::span<std::byte> writable_bytes_of(float* values, std::int64_t count) {
  return std::as_writable_bytes(std::span(values, static_cast<std::size_t>(count)));
}

}  // namespace

void write_sum(TreeNode node, std::vector<KnownSum<float>> known, std::int64_t count, float* out) {
  const TreeSum<float> sum(node, std::move(known));
  parallel_for(0, count, grain,
               [&](std::int64_t first, std::int64_t last) { sum.write(first, last, out); });
}

void sum_over_ranks(const ShardLayout& layout, const ExchangePlan& plan,
                    std::span<const float* const> own, std::int64_t elements, Communicator& among,
                    std::vector<float>& received, float* out) {
  const int ranks = layout.ranks();
  received.resize(static_cast<std::size_t>(plan.received));
  for (const ExchangePlan::Round& round : plan.rounds) {
    std::vector<std::span<const std::byte>> to(static_cast<std::size_t>(ranks));
    std::vector<std::span<std::byte>> from(static_cast<std::size_t>(ranks));
    for (const ExchangePlan::Send& one : round.sends) {
      to[static_cast<std::size_t>(one.rank)] =
          bytes_of(own[one.node] + one.elements.first, one.elements.count());
    }
    for (const ExchangePlan::Receive& one : round.receives) {
      from[static_cast<std::size_t>(one.rank)] =
          writable_bytes_of(received.data() + one.at, plan.part.count());
    }
    among.exchange(to, from);
  }
  std::vector<KnownSum<float>> known;
  for (const ExchangePlan::Source& source : plan.sources) {
    const float* values = nullptr;
    if (source.own) values = own[*source.own] + plan.part.first;
    if (source.received) values = received.data() + *source.received;
    known.push_back({source.node, values});
  }
  write_sum(layout.tree(), std::move(known), plan.part.count(), out + plan.part.first);
  std::vector<std::size_t> offsets = {0};
  for (int r = 0; r < ranks; ++r) {
    const Rows part = part_of_rank(elements, ranks, r);
    offsets.push_back(static_cast<std::size_t>(part.last) * sizeof(float));
  }
  among.all_gather_parts(writable_bytes_of(out, elements), offsets);
}

}  // namespace plastic::distributed
