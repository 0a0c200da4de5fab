#include "data/loading/gather.h"

#include <algorithm>
#include <vector>

#include "core/threads/parallel.h"
#include "data/check_dataset.h"

namespace plastic::data {
namespace {

/// Pixels that are worth waking a thread for.
constexpr std::int64_t pixels_a_thread = 16384;

/// `dataset`, once it is known to be sound.
const ImageDataset& checked(const ImageDataset& dataset) {
  check_dataset("loader", dataset);
  return dataset;
}

}  // namespace

Batch empty_batch(std::int64_t count, const Shape& images, Device device) {
  const Tensor stored = Tensor::empty({count, images[2], images[3], images[1]}, {.device = device});
  // With one channel both layouts are the same bytes, and the plain one is known as contiguous.
  return {images[1] == 1 ? stored.reshape({count, 1, images[2], images[3]})
                         : stored.permute({0, 3, 1, 2}),
          Tensor::empty({count}, {.dtype = DType::i64, .device = device})};
}

Gather::Gather(const ImageDataset& dataset, const AugmentOptions& augment)
    : images_(checked(dataset).images.contiguous()),
      labels_(dataset.labels.contiguous()),
      augmenter_(augment, dataset) {}

Batch Gather::on_all_threads(std::span<const std::int64_t> indices,
                             const AugmentEpoch& epoch) const {
  Batch batch = empty_batch(std::ssize(indices), images_.shape(), Device{});
  const std::int64_t grain =
      std::max<std::int64_t>(1, pixels_a_thread / std::max<std::int64_t>(augmenter_.pixels(), 1));
  parallel_for(0, std::ssize(indices), grain, [&](std::int64_t first, std::int64_t last) {
    fill(batch, indices, epoch, first, last);
  });
  return batch;
}

Batch Gather::on_this_thread(std::span<const std::int64_t> indices,
                             const AugmentEpoch& epoch) const {
  Batch batch = empty_batch(std::ssize(indices), images_.shape(), Device{});
  fill(batch, indices, epoch, 0, std::ssize(indices));
  return batch;
}

void Gather::fill(Batch& batch, std::span<const std::int64_t> indices, const AugmentEpoch& epoch,
                  std::int64_t first, std::int64_t last) const {
  const auto* bytes = images_.data<std::uint8_t>();
  const auto* labels = labels_.data<std::int64_t>();
  auto* values = batch.images.mutable_data<float>();
  auto* out_labels = batch.labels.mutable_data<std::int64_t>();
  const std::int64_t pixels = augmenter_.pixels();
  std::vector<std::uint8_t> scratch;
  for (std::int64_t i = first; i < last; ++i) {
    const std::int64_t index = indices[static_cast<std::size_t>(i)];
    out_labels[i] = labels[index];
    augmenter_.write(bytes + index * pixels, index, epoch, scratch, values + i * pixels);
  }
}

}  // namespace plastic::data
