#include "data/gather.h"

#include <algorithm>

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

}  // namespace

Gather::Gather(const ImageDataset& dataset) {
  check_dataset("loader", dataset);
  images_ = dataset.images.contiguous();
  labels_ = dataset.labels.contiguous();
  channels_ = images_.size(1);
  plane_ = images_.size(2) * images_.size(3);
  normalised_ = normalisation_table(dataset);
}

Batch Gather::on_all_threads(std::span<const std::int64_t> indices) const {
  Batch batch = empty_batch(std::ssize(indices));
  const std::int64_t grain =
      std::max<std::int64_t>(1, pixels_a_thread / std::max<std::int64_t>(channels_ * plane_, 1));
  parallel_for(0, std::ssize(indices), grain,
               [&](std::int64_t first, std::int64_t last) { fill(batch, indices, first, last); });
  return batch;
}

Batch Gather::on_this_thread(std::span<const std::int64_t> indices) const {
  Batch batch = empty_batch(std::ssize(indices));
  fill(batch, indices, 0, std::ssize(indices));
  return batch;
}

Batch Gather::empty_batch(std::int64_t count) const {
  Shape shape = images_.shape();
  shape[0] = count;
  return {Tensor::empty(shape), Tensor::empty({count}, {.dtype = DType::i64})};
}

void Gather::fill(Batch& batch, std::span<const std::int64_t> indices, std::int64_t first,
                  std::int64_t last) const {
  const auto* bytes = images_.data<std::uint8_t>();
  const auto* labels = labels_.data<std::int64_t>();
  auto* values = batch.images.mutable_data<float>();
  auto* out_labels = batch.labels.mutable_data<std::int64_t>();
  const std::int64_t pixels = channels_ * plane_;
  for (std::int64_t i = first; i < last; ++i) {
    const std::int64_t index = indices[static_cast<std::size_t>(i)];
    out_labels[i] = labels[index];
    for (std::int64_t channel = 0; channel < channels_; ++channel) {
      const std::uint8_t* from = bytes + index * pixels + channel * plane_;
      float* to = values + i * pixels + channel * plane_;
      const float* table = normalised_.data() + 256 * channel;
      for (std::int64_t p = 0; p < plane_; ++p) to[p] = table[from[p]];
    }
  }
}

}  // namespace plastic::data
