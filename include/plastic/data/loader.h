#pragma once

#include <cstdint>
#include <vector>

#include "plastic/core/random.h"
#include "plastic/core/tensor.h"
#include "plastic/data/dataset.h"

namespace plastic::data {

struct Batch {
  /// (B, C, H, W) f32, normalised.
  Tensor images;
  /// (B) i64.
  Tensor labels;
};

struct LoaderOptions {
  std::int64_t batch_size = 128;
  /// A new order each epoch, drawn from `generator`; otherwise the order of the data set.
  bool shuffle = true;
  /// Leaves out a last batch that is not full; kept by default.
  bool drop_last = false;
  Generator generator = {};
};

/// Gives a data set in batches:
///   loader.start_epoch(); Batch batch; while (loader.next(batch)) ...
/// Keeps a reference to the data set, which must outlive it. Throws Error unless batch_size >= 1.
class Loader {
 public:
  Loader(const ImageDataset& dataset, const LoaderOptions& options);

  /// Back to the first batch, with a new order where shuffling.
  void start_epoch();
  /// Fills `batch` with the next examples; false, leaving it alone, at the end of the epoch.
  bool next(Batch& batch);
  /// Batches in an epoch.
  std::int64_t batch_count() const;

 private:
  const ImageDataset* dataset_;
  LoaderOptions options_;
  std::vector<std::int64_t> order_;
  std::int64_t position_ = 0;
};

}  // namespace plastic::data
