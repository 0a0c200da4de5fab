#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "plastic/core/device.h"
#include "plastic/core/random.h"
#include "plastic/core/tensor.h"
#include "plastic/data/augment.h"
#include "plastic/data/dataset.h"

namespace plastic::data {

class DeviceGather;
class Gather;
class Prefetcher;

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

/// Where a loader stands: with the same data set and options, all that decides which batches
/// follow.
struct LoaderState {
  /// As it was before the order of the epoch under way was drawn from it; before the first epoch,
  /// as in the options.
  Generator generator = {};
  /// Whether an epoch was started.
  bool started = false;
  /// Examples given in the epoch under way; 0 before the first.
  std::int64_t position = 0;

  bool operator==(const LoaderState&) const = default;
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
  std::int64_t batch_size() const { return std::ssize(batch_); }
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
  std::int64_t size() const;
  /// Batches of an epoch given until a position.
  std::int64_t batches_until(std::int64_t position) const;
  /// Nothing is prepared, advanced to or waiting to be gathered.
  void forget_batches();
  /// Draws the order and changes of the epoch that `state` is in and sets the prefetch threads to
  /// work from there.
  void begin(const LoaderState& state);

  /// Of the data set's images.
  Shape shape_;
  /// One of them, as the device wants it.
  std::shared_ptr<const Gather> examples_;
  std::unique_ptr<DeviceGather> device_examples_;
  LoaderOptions options_;
  /// What the next epoch's order is drawn from.
  Generator generator_;
  std::shared_ptr<const std::vector<std::int64_t>> order_;
  std::uint64_t augment_seed_ = 0;
  std::unique_ptr<Prefetcher> prefetcher_;
  LoaderState state_;
  /// The part of the order that advance() moved on to, and whether it is still to be gathered.
  std::span<const std::int64_t> batch_;
  bool is_waiting_ = false;
};

}  // namespace plastic::data
