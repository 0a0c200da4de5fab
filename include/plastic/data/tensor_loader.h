#pragma once

#include <cstdint>
#include <memory>

#include "plastic/core/random.h"
#include "plastic/core/tensor.h"
#include "plastic/data/loader_state.h"
#include "plastic/data/tensor_dataset.h"

#pragma GCC visibility push(default)

namespace plastic::data {

class BatchStream;

/// Some examples of a TensorDataset.
struct TensorBatch {
  /// (B, ...), contiguous, of the data set's dtypes and on its device.
  Tensor features;
  /// (B) or (B, ...), likewise.
  Tensor targets;
};

/// How a TensorLoader gives a data set.
struct TensorLoaderOptions {
  /// Examples per batch, at least 1.
  std::int64_t batch_size = 128;
  /// A new order each epoch, drawn from `generator`; otherwise the order of the data set.
  bool shuffle = true;
  /// Leaves out a last batch that is not full, so that a set smaller than a batch gives none; kept
  /// by default.
  bool drop_last = false;
  /// What the orders are drawn from.
  Generator generator = {};
  /// Threads, 0 to 64, that prepare batches ahead while training continues; with 0 each is prepared
  /// on request. The batches are the same. A data set on a CUDA device is gathered there, and these
  /// threads have nothing to do.
  int prefetch_threads = 0;
};

/// Gives a data set in batches, in the order in which Loader gives images with the same generator:
///
///   // Fits y = sin(x).
///   const Tensor x = uniform({1000, 1}, -3, 3, default_generator());
///   data::TensorLoader batches({.features = x, .targets = sin(x)}, {.batch_size = 50});
///   for (int epoch = 0; epoch < 20; ++epoch) {
///     batches.start_epoch();
///     for (data::TensorBatch batch; batches.next(batch);) {
///       optimizer.zero_grad();
///       nn::mse_loss(model(batch.features), batch.targets).backward();
///       optimizer.step();
///     }
///   }
///
/// Shares the data set's tensors where they are contiguous; they must not be written to meanwhile.
/// Batches carry no gradient. They and their order depend on the options alone, to the bit, never
/// on the number of threads.
class TensorLoader {
 public:
  /// Throws Error unless features and targets are set, of rank 1 or more, on one device and of
  /// equally many examples, batch_size >= 1 and prefetch_threads is 0 to 64.
  TensorLoader(const TensorDataset& dataset, const TensorLoaderOptions& options = {});
  /// Leaves `other` to be destroyed or assigned to.
  TensorLoader(TensorLoader&& other) noexcept;
  /// Leaves `other` to be destroyed or assigned to.
  TensorLoader& operator=(TensorLoader&& other) noexcept;
  ~TensorLoader();

  /// Back to the first batch, with a new order where shuffling.
  void start_epoch();
  /// Puts the next examples into `batch`, in new tensors: those of earlier batches stay as they
  /// are. False, leaving `batch` alone, at the end of the epoch. Throws Error before the first
  /// start_epoch(), and when memory runs out: the examples are then still to come.
  bool next(TensorBatch& batch);

  /// Batches in an epoch.
  std::int64_t batch_count() const;

  /// Where to resume, between two batches or between epochs. Batches prepared ahead do not count as
  /// given.
  LoaderState state() const;
  /// Continues from `state`: the next batches, of this epoch and of all that follow, are those that
  /// the loader it came from would give. Throws Error for a position at which no loader of this
  /// data set and batch size stops.
  void restore(const LoaderState& state);

 private:
  std::unique_ptr<BatchStream> stream_;
};

}  // namespace plastic::data

#pragma GCC visibility pop
