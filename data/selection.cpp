#include "data/selection.h"

#include <algorithm>

#include "core/check.h"
#include "data/check_dataset.h"

namespace plastic::data {

std::vector<std::int64_t> sample(std::int64_t size, std::int64_t count, Generator& generator) {
  std::vector<std::int64_t> chosen;
  chosen.reserve(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; std::ssize(chosen) < count; ++i) {
    const auto still_needed = static_cast<std::uint64_t>(count - std::ssize(chosen));
    if (generator.next_below(static_cast<std::uint64_t>(size - i)) < still_needed) {
      chosen.push_back(i);
    }
  }
  return chosen;
}

ImageDataset select(const ImageDataset& dataset, std::span<const std::int64_t> indices) {
  const Tensor all_images = dataset.images.contiguous();
  const Tensor all_labels = dataset.labels.contiguous();
  const std::int64_t count = std::ssize(indices);
  Shape shape = all_images.shape();
  shape[0] = count;
  ImageDataset out = dataset;
  out.images = Tensor::empty(shape, {.dtype = DType::u8});
  out.labels = Tensor::empty({count}, {.dtype = DType::i64});
  const std::int64_t pixels = shape.numel() / count;
  const auto* from = all_images.data<std::uint8_t>();
  const auto* label_from = all_labels.data<std::int64_t>();
  auto* to = out.images.mutable_data<std::uint8_t>();
  auto* label_to = out.labels.mutable_data<std::int64_t>();
  for (const std::int64_t index : indices) {
    to = std::copy_n(from + index * pixels, pixels, to);
    *label_to++ = label_from[index];
  }
  return out;
}

std::vector<std::int64_t> checked_labels(const char* op, const ImageDataset& dataset) {
  check_dataset(op, dataset);
  std::vector<std::int64_t> labels = dataset.labels.to_vector<std::int64_t>();
  const std::int64_t classes = std::ssize(dataset.class_names);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] < 0 || labels[i] >= classes) {
      fail(op, "label ", i, " is ", labels[i], ", and class_names names ", classes,
           " classes; name every class");
    }
  }
  return labels;
}

}  // namespace plastic::data
