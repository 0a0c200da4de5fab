#include "plastic/data/loader.h"

#include <algorithm>
#include <numeric>
#include <span>
#include <utility>

#include "core/check.h"
#include "core/tensor/tensor_impl.h"
#include "data/loading/device_gather.h"
#include "data/loading/gather.h"
#include "data/loading/prefetcher.h"

namespace plastic::data {
namespace {

constexpr int most_prefetch_threads = 64;

/// Fisher-Yates: every order is equally likely.
void shuffle(std::vector<std::int64_t>& values, Generator& generator) {
  for (std::size_t left = values.size(); left > 1; --left) {
    std::swap(values[left - 1], values[generator.next_below(left)]);
  }
}

std::span<const std::int64_t> batch_of(const std::vector<std::int64_t>& order,
                                       std::int64_t position, std::int64_t batch_size) {
  const std::int64_t count = std::min(batch_size, std::ssize(order) - position);
  return std::span(order).subspan(static_cast<std::size_t>(position),
                                  static_cast<std::size_t>(count));
}

}  // namespace

Loader::Loader(const ImageDataset& dataset, const LoaderOptions& options)
    : options_(options), generator_(options.generator), state_{.generator = options.generator} {
  if (options.batch_size < 1) {
    fail("loader", "batch_size must be at least 1, got ", options.batch_size);
  }
  if (options.prefetch_threads < 0 || options.prefetch_threads > most_prefetch_threads) {
    fail("loader", "prefetch_threads must be 0 to ", most_prefetch_threads, ", got ",
         options.prefetch_threads);
  }
  if (options.device.type == DeviceType::cpu) {
    examples_ = std::make_shared<const Gather>(dataset, options.augment);
  } else {
    device_examples_ = make_device_gather(dataset, options.augment, options.device);
  }
  shape_ = dataset.images.shape();
}

Loader::Loader(Loader&&) noexcept = default;
Loader& Loader::operator=(Loader&&) noexcept = default;
Loader::~Loader() = default;

std::int64_t Loader::size() const { return shape_[0]; }

void Loader::start_epoch() { begin({.generator = generator_, .started = true, .position = 0}); }

void Loader::forget_batches() {
  prefetcher_.reset();
  batch_ = {};
  is_waiting_ = false;
}

void Loader::begin(const LoaderState& state) {
  Generator generator = state.generator;
  std::vector<std::int64_t> order(static_cast<std::size_t>(size()));
  std::iota(order.begin(), order.end(), 0);
  const std::uint64_t augment_seed = AugmentEpoch::of(generator).seed;
  if (options_.shuffle) {
    shuffle(order, generator);
  } else if (options_.augment.any()) {
    // The next epoch's changes are to be others.
    ++generator.offset;
  }
  auto shared = std::make_shared<const std::vector<std::int64_t>>(std::move(order));

  forget_batches();
  const std::int64_t given = batches_until(state.position);
  std::unique_ptr<Prefetcher> prefetcher;
  if (device_examples_) {
    device_examples_->set_order(*shared);
  } else if (options_.prefetch_threads > 0 && given < batch_count()) {
    const int threads =
        static_cast<int>(std::min<std::int64_t>(options_.prefetch_threads, batch_count() - given));
    // On one thread a batch: the threads of the CPU device are the training's.
    const auto prepare = [examples = examples_, order = shared, batch_size = options_.batch_size,
                          epoch = AugmentEpoch{augment_seed}](std::int64_t index) {
      return examples->on_this_thread(batch_of(*order, index * batch_size, batch_size), epoch);
    };
    prefetcher = std::make_unique<Prefetcher>(threads, given, batch_count(), prepare);
  }

  // Nothing from here on throws: what could not begin has moved no generator.
  generator_ = generator;
  augment_seed_ = augment_seed;
  order_ = std::move(shared);
  prefetcher_ = std::move(prefetcher);
  state_ = state;
}

bool Loader::next(Batch& batch) {
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

bool Loader::advance() {
  if (!state_.started) fail("loader", "next() before the first epoch; call start_epoch()");
  if (batches_until(state_.position) >= batch_count()) return false;
  // Batches come in order, wanted or not.
  if (prefetcher_ && is_waiting_) prefetcher_->take();
  batch_ = batch_of(*order_, state_.position, options_.batch_size);
  if (device_examples_) device_examples_->prepare(state_.position, AugmentEpoch{augment_seed_});
  state_.position += std::ssize(batch_);
  is_waiting_ = true;
  return true;
}

Batch Loader::gather() {
  if (!is_waiting_) fail("loader", "gather() has no batch to give; call advance() before it");
  Batch batch;
  if (device_examples_) {
    batch = empty_batch(batch_size(), shape_, options_.device);
    device_examples_->run(batch_size(), array_of(batch.images).as<float>(),
                          array_of(batch.labels).as<std::int64_t>());
  } else if (prefetcher_) {
    batch = prefetcher_->take();
  } else {
    batch = examples_->on_all_threads(batch_, AugmentEpoch{augment_seed_});
  }
  is_waiting_ = false;
  return batch;
}

LoaderState Loader::state() const { return state_; }

void Loader::restore(const LoaderState& state) {
  const bool between_batches =
      state.position % options_.batch_size == 0 || state.position == size();
  if (state.position < 0 || state.position > size() || !between_batches ||
      (state.position > 0 && !state.started)) {
    fail("loader", "a state at example ", state.position,
         state.started ? "" : " of an epoch not started", " is not between two batches of ",
         options_.batch_size, " from ", size(),
         " examples; restore with the data set and batch size that it was saved with");
  }
  if (state.started) return begin(state);
  forget_batches();
  generator_ = state.generator;
  state_ = state;
}

std::int64_t Loader::batches_until(std::int64_t position) const {
  const bool partial = position % options_.batch_size != 0;
  return position / options_.batch_size + (partial ? 1 : 0);
}

std::int64_t Loader::batch_count() const {
  const std::int64_t full = size() / options_.batch_size;
  const bool rest = size() % options_.batch_size != 0;
  return full + (rest && !options_.drop_last ? 1 : 0);
}

}  // namespace plastic::data
