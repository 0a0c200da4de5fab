#pragma once

#include <cstdint>

#include "plastic/optim/elementwise.h"

#pragma GCC visibility push(default)

/// What the CUDA kernels of optimizers read, all in device memory.
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
  /// Elements, at most chunk_elements.
  std::int32_t count = 0;
  /// The tensor's index in Table::tensors.
  std::uint32_t tensor = 0;
};

/// The chunks of a tensor.
struct ChunkRange {
  /// The index of the first.
  std::uint32_t first = 0;
  /// How many there are.
  std::uint32_t count = 0;
};

/// The tensors of a step, in device memory. `Tensor` is optim::StepTensor or derives from it.
template <class Tensor>
struct Table {
  /// Where each tensor is: tensor_count of them.
  const Tensor* tensors = nullptr;
  /// The chunks of each tensor.
  const ChunkRange* ranges = nullptr;
  /// All chunks, in the order of the tensors: chunk_count of them.
  const Chunk* chunks = nullptr;
  /// How many tensors take the step.
  std::uint32_t tensor_count = 0;
  /// How many chunks they have together.
  std::uint32_t chunk_count = 0;

  /// Whether both are the same memory and counts.
  bool operator==(const Table&) const = default;
};

/// What the kernel of a rule reads first. It is in device memory at an address that does not
/// change, so that a captured step stays valid when rates change and tables grow.
struct RuleHead {
  /// The tensors that take the step, in chunks.
  Table<optim::StepTensor> table;
  /// An array of rules, one for each tensor.
  const void* rules = nullptr;
  /// The flat block of all gradients.
  const float* gradients = nullptr;
  /// The flat block of each state value; null beyond the rule's.
  float* state[optim::max_rule_states] = {};

  /// Whether a kernel would read the same.
  bool operator==(const RuleHead&) const = default;
};

/// A compiled rule_kernel.
using RuleKernel = void (*)(const RuleHead*);

}  // namespace plastic::cuda

#pragma GCC visibility pop
