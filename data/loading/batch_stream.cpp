#include "data/loading/batch_stream.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "core/check.h"

namespace plastic::data {
namespace {

constexpr int max_prefetch_threads = 64;

/// Fisher-Yates: every order is equally likely.
void shuffle(std::vector<std::int64_t>& values, Generator& generator) {
  for (std::size_t left = values.size(); left > 1; --left) {
    const auto other = static_cast<std::size_t>(generator.next_below(left));
    std::swap(values[left - 1], values[other]);
  }
}

std::span<const std::int64_t> batch_of(const std::vector<std::int64_t>& order,
                                       std::int64_t position, std::int64_t batch_size) {
  const std::int64_t count = std::min(batch_size, std::ssize(order) - position);
  return std::span(order).subspan(static_cast<std::size_t>(position),
                                  static_cast<std::size_t>(count));
}

using Part = std::function<std::pair<std::int64_t, std::int64_t>(std::int64_t batch)>;

/// The examples of a batch that this process gathers.
std::span<const std::int64_t> part_of(std::span<const std::int64_t> batch, const Part& part) {
  if (!part) return batch;
  const auto [first, last] = part(std::ssize(batch));
  if (first < 0 || last < first || last > std::ssize(batch)) {
    fail("loader", "the part from ", first, " to ", last, " of a batch of ", std::ssize(batch));
  }
  return batch.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(last - first));
}

}  // namespace

BatchStream::BatchStream(std::shared_ptr<BatchSource> source, const StreamOptions& options)
    : source_(std::move(source)),
      options_(options),
      generator_(options.generator),
      state_{.generator = options.generator} {
  if (options.batch_size < 1) {
    fail("loader", "batch_size must be at least 1, got ", options.batch_size);
  }
  if (options.prefetch_threads < 0 || options.prefetch_threads > max_prefetch_threads) {
    fail("loader", "prefetch_threads must be 0 to ", max_prefetch_threads, ", got ",
         options.prefetch_threads);
  }
}

void BatchStream::start_epoch() {
  begin({.generator = generator_, .started = true, .position = 0});
}

void BatchStream::forget_batches() {
  prefetcher_.reset();
  batch_ = {};
  is_waiting_ = false;
}

void BatchStream::begin(const LoaderState& state) {
  Generator generator = state.generator;
  std::vector<std::int64_t> order(static_cast<std::size_t>(source_->size()));
  std::iota(order.begin(), order.end(), 0);
  const AugmentEpoch epoch = AugmentEpoch::of(generator);
  if (options_.shuffle) {
    shuffle(order, generator);
  } else if (source_->changes_examples()) {
    // The next epoch's changes are to be others.
    ++generator.offset;
  }
  auto shared = std::make_shared<const std::vector<std::int64_t>>(std::move(order));

  forget_batches();
  const std::int64_t given = batches_until(state.position);
  std::unique_ptr<Prefetcher> prefetcher;
  source_->set_order(*shared);
  if (source_->is_on_host() && options_.prefetch_threads > 0 && given < batch_count()) {
    const int threads =
        static_cast<int>(std::min<std::int64_t>(options_.prefetch_threads, batch_count() - given));
    // On one thread per batch: the threads of the CPU device are the training's.
    const auto prepare = [source = std::shared_ptr<const BatchSource>(source_), order = shared,
                          batch_size = options_.batch_size, part = options_.part,
                          epoch](std::int64_t index) {
      const auto batch = batch_of(*order, index * batch_size, batch_size);
      return source->gather(part_of(batch, part), epoch, GatherThreads::this_one);
    };
    prefetcher = std::make_unique<Prefetcher>(threads, given, batch_count(), prepare);
  }

  // Nothing from here on throws: what could not begin has moved no generator.
  generator_ = generator;
  epoch_ = epoch;
  order_ = std::move(shared);
  prefetcher_ = std::move(prefetcher);
  state_ = state;
}

bool BatchStream::next(TensorPair& batch) {
  const LoaderState before = state_;
  if (!advance()) return false;
  try {
    batch = gather();
  } catch (...) {
    // What was not given is still to come.
    state_ = before;
    is_waiting_ = false;
    throw;
  }
  return true;
}

bool BatchStream::advance() {
  if (!state_.started) fail("loader", "next() before the first epoch; call start_epoch()");
  if (batches_until(state_.position) >= batch_count()) return false;
  // Batches come in order, wanted or not.
  if (prefetcher_ && is_waiting_) prefetcher_->take();
  batch_ = batch_of(*order_, state_.position, options_.batch_size);
  const auto own = part_of(batch_, options_.part);
  source_->prepare(state_.position + (own.data() - batch_.data()), epoch_);
  state_.position += std::ssize(batch_);
  is_waiting_ = true;
  return true;
}

TensorPair BatchStream::gather() {
  if (!is_waiting_) fail("loader", "gather() has no batch to give; call advance() before it");
  TensorPair batch =
      prefetcher_ ? prefetcher_->take()
                  : source_->gather(part_of(batch_, options_.part), epoch_, GatherThreads::all);
  is_waiting_ = false;
  return batch;
}

void BatchStream::restore(const LoaderState& state) {
  const std::int64_t size = source_->size();
  const bool between_batches = state.position % options_.batch_size == 0 || state.position == size;
  if (state.position < 0 || state.position > size || !between_batches ||
      (state.position > 0 && !state.started)) {
    fail("loader", "a state at example ", state.position,
         state.started ? "" : " of an epoch not started", " is not between two batches of ",
         options_.batch_size, " from ", size,
         " examples; restore with the data set and batch size that it was saved with");
  }
  if (state.started) return begin(state);
  forget_batches();
  generator_ = state.generator;
  state_ = state;
}

std::int64_t BatchStream::batches_until(std::int64_t position) const {
  const bool partial = position % options_.batch_size != 0;
  return position / options_.batch_size + (partial ? 1 : 0);
}

std::int64_t BatchStream::batch_count() const {
  const std::int64_t full = source_->size() / options_.batch_size;
  const bool rest = source_->size() % options_.batch_size != 0;
  return full + (rest && !options_.drop_last ? 1 : 0);
}

}  // namespace plastic::data
