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

TensorPair empty_batch(std::int64_t count, const Shape& images, Device device) {
  const Tensor stored = Tensor::empty({count, images[2], images[3], images[1]}, {.device = device});
  // With one channel both layouts are the same bytes, and the plain one is known as contiguous.
  return {images[1] == 1 ? stored.reshape({count, 1, images[2], images[3]})
                         : stored.permute({0, 3, 1, 2}),
          Tensor::empty({count}, {.dtype = DType::i64, .device = device})};
}

Gather::Gather(const ImageDataset& dataset, const AugmentOptions& augment)
    : images_(checked(dataset).images.contiguous()),
      labels_(dataset.labels.contiguous()),
      augmenter_(augment, dataset),
      changes_examples_(augment.any()) {}

TensorPair Gather::gather(std::span<const std::int64_t> indices, const AugmentEpoch& epoch,
                          GatherThreads threads) const {
  const std::int64_t count = std::ssize(indices);
  TensorPair batch = empty_batch(count, images_.shape(), Device{});
  if (threads == GatherThreads::this_one) {
    fill(batch, indices, epoch, 0, count);
    return batch;
  }
  const std::int64_t grain =
      std::max<std::int64_t>(1, pixels_a_thread / std::max<std::int64_t>(augmenter_.pixels(), 1));
  parallel_for(0, count, grain, [&](std::int64_t first, std::int64_t last) {
    fill(batch, indices, epoch, first, last);
  });
  return batch;
}

void Gather::fill(TensorPair& batch, std::span<const std::int64_t> indices,
                  const AugmentEpoch& epoch, std::int64_t first, std::int64_t last) const {
  const auto* bytes = images_.data<std::uint8_t>();
  const auto* labels = labels_.data<std::int64_t>();
  auto* values = batch.inputs.mutable_data<float>();
  auto* out_labels = batch.targets.mutable_data<std::int64_t>();
  const std::int64_t pixels = augmenter_.pixels();
  std::vector<std::uint8_t> scratch;
  for (std::int64_t i = first; i < last; ++i) {
    const std::int64_t index = indices[static_cast<std::size_t>(i)];
    out_labels[i] = labels[index];
    augmenter_.write(bytes + index * pixels, index, epoch, scratch, values + i * pixels);
  }
}

}  // namespace plastic::data
