#pragma once

#include <cstdint>
#include <span>

#include "data/loading/augmenter.h"
#include "plastic/data/loader.h"

namespace plastic::data {

/// A batch to be filled with `count` images of a data set (N, C, H, W), in the layout that
/// plastic::data::Batch describes.
Batch empty_batch(std::int64_t count, const Shape& images, Device device);

/// A data set's examples, changed at random and normalised as they are gathered into batches. Not
/// changed itself once made: any thread may gather.
class Gather {
 public:
  /// Throws Error unless the data set is as ImageDataset describes it and the options fit it.
  Gather(const ImageDataset& dataset, const AugmentOptions& augment);

  std::int64_t size() const { return images_.size(0); }

  /// The examples of these indices, on the threads of the CPU device.
  Batch on_all_threads(std::span<const std::int64_t> indices, const AugmentEpoch& epoch) const;
  /// The same bits, on the calling thread alone.
  Batch on_this_thread(std::span<const std::int64_t> indices, const AugmentEpoch& epoch) const;

 private:
  void fill(Batch& batch, std::span<const std::int64_t> indices, const AugmentEpoch& epoch,
            std::int64_t first, std::int64_t last) const;

  Tensor images_;
  Tensor labels_;
  Augmenter augmenter_;
};

}  // namespace plastic::data
