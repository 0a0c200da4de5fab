#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "data/loading/batch_source.h"
#include "data/loading/prefetcher.h"
#include "plastic/core/random.h"
#include "plastic/data/loader_state.h"

namespace plastic::data {

/// What loaders have in common; their options describe it.
struct StreamOptions {
  std::int64_t batch_size = 1;
  bool shuffle = true;
  bool drop_last = false;
  Generator generator = {};
  int prefetch_threads = 0;
  std::function<std::pair<std::int64_t, std::int64_t>(std::int64_t batch)> part = {};
};

/// The batches of a source, epoch after epoch: their order, threads that prepare them ahead, and
/// where to resume. Loader and TensorLoader are faces of it, whose headers describe its functions.
class BatchStream {
 public:
  /// Throws Error for options out of range.
  BatchStream(std::shared_ptr<BatchSource> source, const StreamOptions& options);

  void start_epoch();
  bool next(TensorPair& batch);
  bool advance();
  TensorPair gather();
  std::int64_t batch_size() const { return std::ssize(batch_); }
  std::int64_t batch_count() const;
  const LoaderState& state() const { return state_; }
  void restore(const LoaderState& state);

 private:
  /// Batches of an epoch given until a position.
  std::int64_t batches_until(std::int64_t position) const;
  /// Nothing is prepared, advanced to or waiting to be gathered.
  void forget_batches();
  /// Draws the order and changes of the epoch that `state` is in and sets the prefetch threads to
  /// work from there.
  void begin(const LoaderState& state);

  std::shared_ptr<BatchSource> source_;
  StreamOptions options_;
  /// What the next epoch's order is drawn from.
  Generator generator_;
  std::shared_ptr<const std::vector<std::int64_t>> order_;
  AugmentEpoch epoch_;
  std::unique_ptr<Prefetcher> prefetcher_;
  LoaderState state_;
  /// The part of the order that advance() moved on to, and whether it is still to be gathered.
  std::span<const std::int64_t> batch_;
  bool is_waiting_ = false;
};

}  // namespace plastic::data
