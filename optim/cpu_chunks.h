#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/cpu/scratch.h"
#include "core/threads/parallel.h"
#include "optim/kernels.h"

namespace plastic::optim {

/// A piece of one tensor, which is a StepTensor or derives from it. Its bounds depend on the tensor
/// alone, so that sums made chunk by chunk come out the same for any number of threads.
struct Chunk {
  std::size_t tensor = 0;
  /// Counted from the start of the flat blocks.
  std::int64_t begin = 0, end = 0;
};

/// The parameters of a chunk.
template <class Tensor>
float* parameters_of(std::span<const Tensor> tensors, const Chunk& chunk) {
  const Tensor& tensor = tensors[chunk.tensor];
  return tensor.parameter + (chunk.begin - tensor.offset);
}

/// Its gradients, `block` being the flat one.
template <class Tensor>
const float* gradients_of(std::span<const Tensor> tensors, const Chunk& chunk, const float* block) {
  const Tensor& tensor = tensors[chunk.tensor];
  if (tensor.gradient == nullptr) return block + chunk.begin;
  return tensor.gradient + (chunk.begin - tensor.offset);
}

/// Elements in a chunk: the blocks of the three passes over one stay in the first two caches.
constexpr std::int64_t chunk_elements = 4096;

template <class Tensor>
cpu::ScratchVector<Chunk> chunks_of(std::span<const Tensor> tensors) {
  cpu::ScratchVector<Chunk> chunks;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const std::int64_t end = tensors[i].offset + tensors[i].numel;
    for (std::int64_t begin = tensors[i].offset; begin < end; begin += chunk_elements) {
      chunks.push_back({i, begin, std::min(begin + chunk_elements, end)});
    }
  }
  return chunks;
}

/// From which end each thread goes through its chunks: a pass that begins where the one before it
/// ended finds in the caches what that left there.
enum class Order { forwards, backwards };

/// Calls f(chunk, its index) for all, on all threads.
template <class F>
void for_chunks(std::span<const Chunk> chunks, F&& f, Order order = Order::forwards) {
  constexpr std::int64_t grain = 4;
  parallel_for(0, std::ssize(chunks), grain, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t i = first; i < last; ++i) {
      const std::int64_t at = order == Order::forwards ? i : first + last - 1 - i;
      const auto index = static_cast<std::size_t>(at);
      f(chunks[index], index);
    }
  });
}

}  // namespace plastic::optim
