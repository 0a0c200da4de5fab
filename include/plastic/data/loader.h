#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include "plastic/core/device.h"
#include "plastic/core/random.h"
#include "plastic/core/tensor.h"
#include "plastic/data/augment.h"
#include "plastic/data/dataset.h"
#include "plastic/data/loader_state.h"

#pragma GCC visibility push(default)

namespace plastic::data {

class BatchStream;

/// Some examples of an ImageDataset, as a network reads them.
struct Batch {
  /// (B, C, H, W) f32, normalised. Stored channels-last: with strides (H W C, 1, W C, C).
  Tensor images;
  /// (B) i64.
  Tensor labels;
};

/// How a Loader gives a data set.
struct LoaderOptions {
  /// Examples per batch, at least 1.
  std::int64_t batch_size = 128;
  /// A new order each epoch, drawn from `generator`; otherwise the order of the data set.
  bool shuffle = true;
  /// Leaves out a last batch that is not full, so that a set smaller than a batch gives none; kept
  /// by default. A network with batch normalisation may need it: a batch that leaves one value per
  /// channel is refused in training.
  bool drop_last = false;
  /// What the orders are drawn from.
  Generator generator = {};
  /// Random changes to the images. They are drawn from `generator`'s seed without affecting the
  /// order of the images; each depends on the epoch and the image alone.
  AugmentOptions augment = {};
  /// Threads, 0 to 64, that prepare batches ahead, each batch on one of them, while training
  /// continues; with 0 each is prepared on request, on the threads of the CPU device. The batches
  /// are the same.
  int prefetch_threads = 0;
  /// For one of several processes that share out each batch: which examples of a batch of so many
  /// this loader gives, from the first to one past the last, perhaps none. Called from any thread.
  /// batch_size() and the loader's state are those of the whole batch. Empty: all of them.
  std::function<std::pair<std::int64_t, std::int64_t>(std::int64_t batch)> part = {};
  /// Where batches are made. A CUDA device keeps the whole data set as bytes and gathers, augments
  /// and normalises there; prefetch_threads then have nothing to do. The batches are the CPU's, up
  /// to rounding where colours change, else to the bit.
  Device device = {};
};

/// Gives a data set in batches:
///   loader.start_epoch(); Batch batch; while (loader.next(batch)) ...
/// Shares the data set's tensors, which must not be written to meanwhile; a device has a copy. The
/// order and the images depend on the options alone, never on the number of threads.
class Loader {
 public:
  /// Throws Error unless batch_size >= 1, prefetch_threads is 0 to 64, the data set is as
  /// ImageDataset describes it, and the augmentation suits its images; for a CUDA device also when
  /// it is not available or out of memory, and for a label that is not one of the classes.
  Loader(const ImageDataset& dataset, const LoaderOptions& options);
  /// Leaves `other` to be destroyed or assigned to.
  Loader(Loader&& other) noexcept;
  /// Leaves `other` to be destroyed or assigned to.
  Loader& operator=(Loader&& other) noexcept;
  ~Loader();

  /// Back to the first batch, with a new order where shuffling.
  void start_epoch();
  /// Puts the next examples into `batch`, in new tensors: those of earlier batches stay as they
  /// are. False, leaving `batch` alone, at the end of the epoch. Throws Error before the first
  /// start_epoch(), and when memory runs out: the examples are then still to come.
  bool next(Batch& batch);

  /// @name Two phases
  /// next() for a step that a device captures and replays (plastic/core/recording.h): advance()
  /// before each replay, gather() within what is captured. A captured gather() gives the batch that
  /// was last advanced to, in the tensors of the recording; it works for batches of one size.
  /// @{

  /// Advances to the next batch and tells a device which one it is. False at the end of the epoch.
  /// Throws Error before the first start_epoch().
  bool advance();
  /// Examples in the batch that was last advanced to, those of other processes included; 0 before
  /// the first.
  std::int64_t batch_size() const;
  /// That batch, in new tensors. Throws Error unless advance() was called since the last time.
  Batch gather();
  /// @}

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
