#include "data/loading/device_gather.h"

#include <limits>
#include <vector>

#include "core/check.h"
#include "core/device/backend.h"
#include "data/check_dataset.h"
#include "data/loading/gather_source.h"

namespace plastic::data {
namespace {

void check_labels(const ImageDataset& dataset) {
  const std::vector<std::int64_t> labels = dataset.labels.to_vector<std::int64_t>();
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] >= 0 && labels[i] < std::ssize(dataset.class_names)) continue;
    fail("loader", "label ", labels[i], " of example ", i, " is not one of ",
         dataset.class_names.size(), " classes; check the data set");
  }
}

}  // namespace

std::unique_ptr<DeviceGather> make_device_gather(const ImageDataset& dataset,
                                                 const AugmentOptions& augment, Device device) {
  check_dataset("loader", dataset);
  check_labels(dataset);
  const Augmenter augmenter(augment, dataset);
  if (augmenter.rules().plane() > std::numeric_limits<std::int32_t>::max()) {
    fail("loader", "images of ", augmenter.rules().plane(), " pixels are too large for ",
         to_string(device));
  }
  const auto moved = [device](const std::vector<float>& values, const Shape& shape) {
    return Tensor::from<float>(values, shape).to(device);
  };
  const std::int64_t channels = augmenter.rules().channels;
  auto* source = dynamic_cast<GatherSource*>(&backend(device));
  if (source == nullptr) {
    fail("loader", to_string(device), " cannot gather batches; load them on the CPU");
  }
  return source->make_gather({.rules = augmenter.rules(),
                              .images = dataset.images.contiguous().to(device),
                              .labels = dataset.labels.contiguous().to(device),
                              .table = moved(augmenter.table(), {channels, 256}),
                              .mean = moved(augmenter.mean(), {channels}),
                              .scale = moved(augmenter.scale(), {channels})});
}

}  // namespace plastic::data
