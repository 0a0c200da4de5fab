#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "distributed/exchange_plan.h"
#include "distributed/fixed_tree.h"
#include "plastic/distributed.h"

namespace plastic::distributed {

/// Writes the sum of a node of the tree, from those that are known, with all threads of the CPU
/// device. `out` may be one of them.
void write_sum(TreeNode node, std::vector<KnownSum<float>> known, std::int64_t count, float* out);

/// Adds up flat blocks of `elements` numbers in the CPU's memory over all ranks, as `plan` says:
/// `own` has this rank's sum of each of plan.own_nodes. `out` may be one of them. `received` is
/// memory to use again.
void sum_over_ranks(const ShardLayout& layout, const ExchangePlan& plan,
                    std::span<const float* const> own, std::int64_t elements, Communicator& among,
                    std::vector<float>& received, float* out);

}  // namespace plastic::distributed
