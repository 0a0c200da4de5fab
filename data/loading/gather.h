#pragma once

#include <cstdint>
#include <span>

#include "data/loading/augmenter.h"
#include "data/loading/batch_source.h"
#include "plastic/data/dataset.h"

namespace plastic::data {

/// A batch to be filled with `count` images of a data set (N, C, H, W) and their labels, in the
/// layout that plastic::data::Batch describes.
TensorPair empty_batch(std::int64_t count, const Shape& images, Device device);

/// An image data set's examples, changed at random and normalised as they are gathered into
/// batches.
class Gather : public BatchSource {
 public:
  /// Throws Error unless the data set is as ImageDataset describes it and the options fit it.
  Gather(const ImageDataset& dataset, const AugmentOptions& augment);

  std::int64_t size() const override { return images_.size(0); }
  bool changes_examples() const override { return changes_examples_; }
  /// The same bits with either threads.
  TensorPair gather(std::span<const std::int64_t> indices, const AugmentEpoch& epoch,
                    GatherThreads threads) const override;

 private:
  void fill(TensorPair& batch, std::span<const std::int64_t> indices, const AugmentEpoch& epoch,
            std::int64_t first, std::int64_t last) const;

  Tensor images_;
  Tensor labels_;
  Augmenter augmenter_;
  bool changes_examples_;
};

}  // namespace plastic::data
