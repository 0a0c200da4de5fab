#pragma once

#include <cstdint>
#include <memory>

#include "plastic/core/device.h"
#include "plastic/core/random.h"
#include "plastic/core/tensor.h"
#include "plastic/data/augment.h"
#include "plastic/data/dataset.h"
#include "plastic/data/loader_state.h"

namespace plastic::data {

class BatchStream;

struct Batch {
  /// (B, C, H, W) f32, normalised. Stored channels-last: of strides (H W C, 1, W C, C).
  Tensor images;
  /// (B) i64.
  Tensor labels;
};

struct LoaderOptions {
  std::int64_t batch_size = 128;
  /// A new order each epoch, drawn from `generator`; otherwise the order of the data set.
  bool shuffle = true;
  /// Leaves out a last batch that is not full, so that a set smaller than a batch gives none; kept
  /// by default. A network with batch normalisation may need it: a batch that leaves one value per
  /// channel is refused in training.
  bool drop_last = false;
  Generator generator = {};
  /// Random changes to the images. They are drawn from `generator`'s seed, but leave the order as
  /// it is without them; each depends on the epoch and the image alone.
  AugmentOptions augment = {};
  /// Threads, 0 to 64, that prepare batches ahead, each batch on one of them, while training goes
  /// on; with 0 each is prepared when asked for, on the threads of the CPU device. The batches are
  /// the same.
  int prefetch_threads = 0;
  /// Where batches are made. A CUDA device keeps the whole data set, as the bytes that it is, and
  /// gathers, changes and normalises there; prefetch_threads then have nothing to do. The batches
  /// are the CPU's, values to rounding where colours change, else to the bit.
  Device device = {};
};

/// Gives a data set in batches:
///   loader.start_epoch(); Batch batch; while (loader.next(batch)) ...
/// Shares the data set's tensors, which may not be written to meanwhile; a device has a copy. The
/// order depends on the options alone, never on the number of threads; so do the images.
class Loader {
 public:
  /// Throws Error unless batch_size >= 1, prefetch_threads is 0 to 64, the data set is as
  /// ImageDataset describes it, and the changes have meaning for its images; for a CUDA device also
  /// when it is not there or has no memory left, and for a label that is not one of the classes.
  Loader(const ImageDataset& dataset, const LoaderOptions& options);
  /// Leaves `other` to be destroyed or assigned to.
  Loader(Loader&& other) noexcept;
  Loader& operator=(Loader&& other) noexcept;
  ~Loader();

  /// Back to the first batch, with a new order where shuffling.
  void start_epoch();
  /// Puts the next examples into `batch`, in new tensors: those of earlier batches stay as they
  /// are. False, leaving `batch` alone, at the end of the epoch. Throws Error before the first
  /// start_epoch(), and when memory is out: the examples are then still to come.
  bool next(Batch& batch);

  // next() in two phases, for a step that a device records and repeats (plastic/core/recording.h):
  // advance() before each repetition, gather() within what is recorded. A recorded gather() gives
  // the batch that was last advanced to, in the tensors of the recording; it holds for batches of
  // one size.

  /// Moves on to the next batch and tells a device which one it is. False at the end of the epoch.
  /// Throws Error before the first start_epoch().
  bool advance();
  /// Examples in the batch that advance() moved on to; 0 before the first.
  std::int64_t batch_size() const;
  /// That batch, in new tensors. Throws Error unless advance() was called since the last time.
  Batch gather();

  /// Batches in an epoch.
  std::int64_t batch_count() const;

  /// Between two batches, or between epochs: where to go on from. Batches prepared ahead do not
  /// count as given.
  LoaderState state() const;
  /// Goes on from `state`: the next batches, of this epoch and of all that follow, are those that
  /// the loader which gave the state would give. Throws Error for a position that no loader of this
  /// data set and batch size stops at.
  void restore(const LoaderState& state);

 private:
  std::unique_ptr<BatchStream> stream_;
};

}  // namespace plastic::data
