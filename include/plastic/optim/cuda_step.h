#pragma once

#include <cstdint>

#include "plastic/optim/elementwise.h"

// What the CUDA kernels of optimizers read, all in device memory.
namespace plastic::cuda {

/// Threads in a block that works on chunks.
constexpr unsigned chunk_threads = 256;

/// Elements in a chunk: two accesses of 16 bytes per thread and block, and enough chunks that the
/// last ones keep all multiprocessors busy.
constexpr std::int32_t chunk_elements = 2048;

/// A piece of one tensor, what a block of threads works on at a time. Its bounds depend on the
/// tensor alone, so that sums made chunk by chunk always come out the same.
struct alignas(16) Chunk {
  /// Counted from the start of the flat blocks, a multiple of 4.
  std::int64_t begin = 0;
  std::int32_t count = 0;
  std::uint32_t tensor = 0;
};

/// The chunks of a tensor.
struct ChunkRange {
  std::uint32_t first = 0, count = 0;
};

/// The tensors of a step, in device memory. `Tensor` is optim::StepTensor or derives from it.
template <class Tensor>
struct Table {
  const Tensor* tensors = nullptr;
  const ChunkRange* ranges = nullptr;
  const Chunk* chunks = nullptr;
  std::uint32_t tensor_count = 0, chunk_count = 0;

  bool operator==(const Table&) const = default;
};

/// What the kernel of a rule reads first. It is in device memory at an address that does not
/// change, so that a captured step stays valid when rates change and tables grow.
struct RuleHead {
  Table<optim::StepTensor> table;
  /// An array of rules, one for each tensor.
  const void* rules = nullptr;
  const float* gradients = nullptr;
  float* state[optim::max_rule_states] = {};

  bool operator==(const RuleHead&) const = default;
};

using RuleKernel = void (*)(const RuleHead*);

}  // namespace plastic::cuda
