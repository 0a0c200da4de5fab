#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "plastic/data/loader.h"

namespace plastic::data {

/// A data set's examples, normalised as they are gathered into batches. Not changed once made: any
/// thread may gather.
class Gather {
 public:
  /// Throws Error unless the data set is as ImageDataset describes it.
  explicit Gather(const ImageDataset& dataset);

  std::int64_t size() const { return images_.size(0); }

  /// The examples of these indices, on the threads of the CPU device.
  Batch on_all_threads(std::span<const std::int64_t> indices) const;
  /// The same bits, on the calling thread alone.
  Batch on_this_thread(std::span<const std::int64_t> indices) const;

 private:
  Batch empty_batch(std::int64_t count) const;
  void fill(Batch& batch, std::span<const std::int64_t> indices, std::int64_t first,
            std::int64_t last) const;

  Tensor images_;
  Tensor labels_;
  std::int64_t channels_ = 0;
  /// Pixels of one channel.
  std::int64_t plane_ = 0;
  /// The f32 value of every byte, 256 a channel.
  std::vector<float> normalised_;
};

}  // namespace plastic::data
