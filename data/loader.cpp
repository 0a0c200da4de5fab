#include "plastic/data/loader.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "core/check.h"
#include "core/parallel.h"
#include "data/check_dataset.h"

namespace plastic::data {
namespace {

/// Pixels that are worth waking a thread for.
constexpr std::int64_t pixels_a_thread = 16384;

std::vector<float> normalisation_table(const ImageDataset& dataset) {
  std::vector<float> table;
  table.reserve(256 * dataset.mean.size());
  for (std::size_t channel = 0; channel < dataset.mean.size(); ++channel) {
    for (int byte = 0; byte < 256; ++byte) {
      const float scaled = static_cast<float>(byte) / 255.0F;
      table.push_back((scaled - dataset.mean[channel]) / dataset.deviation[channel]);
    }
  }
  return table;
}

/// Fisher-Yates: every order is equally likely.
void shuffle(std::vector<std::int64_t>& values, Generator& generator) {
  for (std::size_t left = values.size(); left > 1; --left) {
    std::swap(values[left - 1], values[generator.next_below(left)]);
  }
}

}  // namespace

Loader::Loader(const ImageDataset& dataset, const LoaderOptions& options)
    : options_(options), generator_(options.generator), state_{.generator = options.generator} {
  check_dataset("loader", dataset);
  if (options.batch_size < 1) {
    fail("loader", "batch_size must be at least 1, got ", options.batch_size);
  }
  images_ = dataset.images.contiguous();
  labels_ = dataset.labels.contiguous();
  normalised_ = normalisation_table(dataset);
}

void Loader::start_epoch() {
  state_ = {.generator = generator_, .started = true, .position = 0};
  draw_order();
}

void Loader::draw_order() {
  order_.resize(static_cast<std::size_t>(size()));
  std::iota(order_.begin(), order_.end(), 0);
  if (options_.shuffle) shuffle(order_, generator_);
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
  generator_ = state.generator;
  state_ = state;
  if (state.started) draw_order();
}

bool Loader::next(Batch& batch) {
  if (!state_.started) fail("loader", "next() before the first epoch; call start_epoch()");
  const std::int64_t count = std::min(options_.batch_size, size() - state_.position);
  if (count == 0 || (options_.drop_last && count < options_.batch_size)) return false;

  Shape shape = images_.shape();
  shape[0] = count;
  Batch out = {Tensor::empty(shape), Tensor::empty({count}, {.dtype = DType::i64})};
  const std::int64_t channels = shape[1];
  const std::int64_t plane = shape[2] * shape[3];
  const std::int64_t pixels = channels * plane;
  const std::int64_t* indices = order_.data() + state_.position;
  const auto* bytes = images_.data<std::uint8_t>();
  const auto* labels = labels_.data<std::int64_t>();
  auto* values = out.images.mutable_data<float>();
  auto* out_labels = out.labels.mutable_data<std::int64_t>();
  const std::int64_t grain =
      std::max<std::int64_t>(1, pixels_a_thread / std::max<std::int64_t>(pixels, 1));
  parallel_for(0, count, grain, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t i = first; i < last; ++i) {
      out_labels[i] = labels[indices[i]];
      for (std::int64_t channel = 0; channel < channels; ++channel) {
        const std::uint8_t* from = bytes + indices[i] * pixels + channel * plane;
        float* to = values + i * pixels + channel * plane;
        const float* table = normalised_.data() + 256 * channel;
        for (std::int64_t p = 0; p < plane; ++p) to[p] = table[from[p]];
      }
    }
  });
  state_.position += count;
  batch = std::move(out);
  return true;
}

std::int64_t Loader::batch_count() const {
  const std::int64_t full = size() / options_.batch_size;
  const bool rest = size() % options_.batch_size != 0;
  return full + (rest && !options_.drop_last ? 1 : 0);
}

}  // namespace plastic::data
