#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "core/threads/parallel.h"
#include "optim/cpu_chunks.h"

namespace plastic::optim {

/// A division of the chunks of all tensors among `count` threads. Each large tensor is divided by
/// itself, as the products that read a weight and write its gradient divide it: what a thread
/// updates it finds in its own cache, and leaves it there for the next step. Small tensors are
/// divided together.
template <class Tensor>
class Shares {
 public:
  explicit Shares(std::span<const Tensor> tensors) : tensors_(tensors) {
    std::int64_t chunks = 0;
    for (const Tensor& tensor : tensors) chunks += chunks_of_one(tensor);
    constexpr std::int64_t grain = 4;
    count_ = std::clamp<std::int64_t>(chunks / grain, 1, num_threads());
    for (const Tensor& tensor : tensors) {
      if (!is_large(tensor)) small_ += chunks_of_one(tensor);
    }
  }

  std::int64_t count() const { return count_; }

  /// Calls f(chunk) for those of a share, the last tensor and its last chunk first: gradients that
  /// were computed last, and parameters that the next step reads first, are in the caches.
  template <class F>
  void for_chunks_backwards(std::int64_t share, F&& f) const {
    std::int64_t small = small_;
    for (std::size_t i = tensors_.size(); i-- > 0;) {
      const Tensor& tensor = tensors_[i];
      const std::int64_t chunks = chunks_of_one(tensor);
      std::int64_t first = chunks * share / count_;
      std::int64_t last = chunks * (share + 1) / count_;
      if (!is_large(tensor)) {
        small -= chunks;
        first = std::clamp<std::int64_t>(small_ * share / count_ - small, 0, chunks);
        last = std::clamp<std::int64_t>(small_ * (share + 1) / count_ - small, 0, chunks);
      }
      for (std::int64_t chunk = last; chunk-- > first;) {
        const std::int64_t begin = chunk * chunk_elements;
        f(Chunk{i, tensor.offset + begin,
                tensor.offset + std::min(begin + chunk_elements, tensor.numel)});
      }
    }
  }

 private:
  static std::int64_t chunks_of_one(const Tensor& tensor) {
    return (tensor.numel + chunk_elements - 1) / chunk_elements;
  }
  /// Whether its shares come out about equal.
  bool is_large(const Tensor& tensor) const { return chunks_of_one(tensor) >= 8 * count_; }

  std::span<const Tensor> tensors_;
  std::int64_t count_ = 1;
  /// Chunks of all small tensors.
  std::int64_t small_ = 0;
};

/// Calls f(chunk) for all chunks, on all threads, each of which goes through its own backwards.
template <class Tensor, class F>
void for_shares_backwards(std::span<const Tensor> tensors, F&& f) {
  const Shares<Tensor> shares(tensors);
  parallel_for(0, shares.count(), 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t share = last; share-- > first;) shares.for_chunks_backwards(share, f);
  });
}

}  // namespace plastic::optim
