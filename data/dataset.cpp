#include "plastic/data/dataset.h"

#include <algorithm>

#include "core/check.h"
#include "data/check_dataset.h"
#include "data/selection.h"

namespace plastic::data {

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
         " labels; give one label per image");
  }
  const std::int64_t channels = dataset.images.size(1);
  if (std::ssize(dataset.mean) != channels || std::ssize(dataset.deviation) != channels) {
    fail(op, "mean and deviation must have one value per channel: ", dataset.mean.size(), " and ",
         dataset.deviation.size(), " values for ", channels, " channels");
  }
  for (const float deviation : dataset.deviation) {
    if (!(deviation > 0)) fail(op, "deviation must be positive, got ", deviation);
  }
}

ImageDataset subset(const ImageDataset& dataset, double fraction, Generator& generator) {
  check_dataset("subset", dataset);
  const std::int64_t count = checked_count("subset", dataset.size(), fraction);
  if (fraction == 1) return dataset;
  return select(dataset, sample(dataset.size(), count, generator));
}

ImageDataset subset_per_class(const ImageDataset& dataset, std::int64_t count,
                              Generator& generator) {
  constexpr const char* op = "subset_per_class";
  const std::vector<std::int64_t> labels = checked_labels(op, dataset);
  if (count < 1) fail(op, "count must be at least 1, got ", count);
  const auto members = members_of_classes(labels, dataset.class_names.size());
  std::vector<std::int64_t> chosen;
  for (std::size_t c = 0; c < members.size(); ++c) {
    const std::int64_t size = std::ssize(members[c]);
    if (size < count) {
      fail(op, "class ", dataset.class_names[c], " has ", size, ", fewer than the ", count,
           " asked for; give a smaller count");
    }
    for (const std::int64_t i : sample(size, count, generator)) {
      chosen.push_back(members[c][static_cast<std::size_t>(i)]);
    }
  }
  std::ranges::sort(chosen);
  return select(dataset, chosen);
}

}  // namespace plastic::data
