#include "plastic/data/dataset.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/check.h"
#include "data/check_dataset.h"

namespace plastic::data {
namespace {

/// `count` of 0, 1, ..., size - 1, in order; every choice is equally likely. Algorithm S of Knuth,
/// The Art of Computer Programming, volume 2, section 3.4.2.
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

}  // namespace

void check_dataset(const char* op, const ImageDataset& dataset) {
  const auto check_tensor = [op](const char* name, const Tensor& tensor, DType dtype,
                                 std::int64_t rank) {
    if (!tensor.defined()) fail(op, "the data set has no ", name, "; set them");
    if (tensor.dtype() != dtype || tensor.rank() != rank || tensor.device() != Device{}) {
      fail(op, name, " must be ", name_of(dtype), " of rank ", rank, " on the CPU, got ",
           name_of(tensor.dtype()), " ", to_string(tensor.shape()), " on ",
           to_string(tensor.device()));
    }
  };
  check_tensor("images", dataset.images, DType::u8, 4);
  check_tensor("labels", dataset.labels, DType::i64, 1);
  if (dataset.images.size(0) != dataset.labels.size(0)) {
    fail(op, "counts differ: ", dataset.images.size(0), " images, ", dataset.labels.size(0),
         " labels; give one label an image");
  }
  const std::int64_t channels = dataset.images.size(1);
  if (std::ssize(dataset.mean) != channels || std::ssize(dataset.deviation) != channels) {
    fail(op, "mean and deviation must have one value a channel: ", dataset.mean.size(), " and ",
         dataset.deviation.size(), " values for ", channels, " channels");
  }
  for (const float deviation : dataset.deviation) {
    if (!(deviation > 0)) fail(op, "deviation must be positive, got ", deviation);
  }
}

ImageDataset subset(const ImageDataset& dataset, double fraction, Generator& generator) {
  check_dataset("subset", dataset);
  if (!(fraction > 0 && fraction <= 1)) {
    fail("subset", "fraction must be above 0 and at most 1, got ", fraction);
  }
  if (fraction == 1) return dataset;
  const std::int64_t size = dataset.size();
  const auto count = static_cast<std::int64_t>(std::llround(fraction * static_cast<double>(size)));
  if (count == 0) {
    fail("subset", "fraction ", fraction, " of ", size, " examples leaves none; give a larger one");
  }

  const Tensor all_images = dataset.images.contiguous();
  const Tensor all_labels = dataset.labels.contiguous();
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
  for (const std::int64_t index : sample(size, count, generator)) {
    to = std::copy_n(from + index * pixels, pixels, to);
    *label_to++ = label_from[index];
  }
  return out;
}

}  // namespace plastic::data
