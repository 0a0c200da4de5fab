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
/// Shares the data set's tensors, which may not be written to meanwhile. The order depends on the
/// options alone, never on the number of threads.
class Loader {
 public:
  /// Throws Error unless batch_size >= 1 and the data set is as ImageDataset describes it.
  Loader(const ImageDataset& dataset, const LoaderOptions& options);

  /// Back to the first batch, with a new order where shuffling.
  void start_epoch();
  /// Puts the next examples into `batch`, in new tensors: those of earlier batches stay as they
  /// are. False, leaving `batch` alone, at the end of the epoch. Throws Error before the first
  /// start_epoch().
  bool next(Batch& batch);
  /// Batches in an epoch.
  std::int64_t batch_count() const;

 private:
  std::int64_t size() const { return images_.size(0); }

  Tensor images_;
  Tensor labels_;
  LoaderOptions options_;
  /// The f32 value of every byte, 256 a channel.
  std::vector<float> normalised_;
  std::vector<std::int64_t> order_;
  std::int64_t position_ = 0;
  bool started_ = false;
};

}  // namespace plastic::data
