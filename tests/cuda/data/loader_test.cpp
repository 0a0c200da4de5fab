// A data set on a CUDA device gives the CPU's batches.
#include "plastic/data/loader.h"

#include <cmath>
#include <optional>

#include "plastic/core/recording.h"
#include "tests/cuda/device.h"

namespace plastic::test {
namespace {

using data::AugmentOptions;
using data::Batch;
using data::ImageDataset;
using data::Loader;
using data::LoaderOptions;

/// Bytes of all sizes, in images that are not square.
ImageDataset striped(std::int64_t count, std::int64_t channels) {
  constexpr std::int64_t height = 7;
  constexpr std::int64_t width = 5;
  std::vector<std::uint8_t> bytes;
  std::vector<std::int64_t> labels;
  for (std::int64_t i = 0; i < count; ++i) {
    labels.push_back((i * 7) % 10);
    for (std::int64_t p = 0; p < channels * height * width; ++p) {
      bytes.push_back(static_cast<std::uint8_t>((i * 131 + p * 37 + p * p) % 256));
    }
  }
  ImageDataset set{.images = Tensor::from<std::uint8_t>(bytes, {count, channels, height, width}),
                   .labels = Tensor::from<std::int64_t>(labels, {count}),
                   .class_names = std::vector<std::string>(10, "digit"),
                   .mean = {},
                   .deviation = {}};
  for (std::int64_t c = 0; c < channels; ++c) {
    set.mean.push_back(0.4F + 0.05F * static_cast<float>(c));
    set.deviation.push_back(0.3F - 0.05F * static_cast<float>(c));
  }
  return set;
}

LoaderOptions options_on(Device device, const AugmentOptions& augment) {
  return {.batch_size = 4, .generator = {.seed = 5}, .augment = augment, .device = device};
}

/// Two epochs of batches on both devices.
void check_same_batches(const ImageDataset& set, const AugmentOptions& augment, float tolerance) {
  Loader host(set, options_on(Device{}, augment));
  Loader device(set, options_on(cuda_device, augment));
  for (int epoch = 0; epoch < 2; ++epoch) {
    host.start_epoch();
    device.start_epoch();
    Batch expected;
    Batch actual;
    while (host.next(expected)) {
      REQUIRE(device.next(actual));
      CHECK(actual.images.device() == cuda_device);
      CHECK(actual.images.shape() == expected.images.shape());
      CHECK(actual.images.strides() == expected.images.strides());
      CHECK(actual.labels.to_vector<std::int64_t>() == expected.labels.to_vector<std::int64_t>());
      const std::vector<float> a = actual.images.to_vector<float>();
      const std::vector<float> b = expected.images.to_vector<float>();
      for (std::size_t i = 0; i < a.size(); ++i) REQUIRE(std::abs(a[i] - b[i]) <= tolerance);
    }
    CHECK_FALSE(device.next(actual));
    CHECK(device.state() == host.state());
  }
}

TEST_CASE("cuda.loader.gives_the_cpus_batches") {
  if (!has_cuda_device()) return;
  for (const std::int64_t channels : {1, 2, 3}) {
    CAPTURE(channels);
    const ImageDataset set = striped(10, channels);
    for (const AugmentOptions& augment :
         {AugmentOptions{}, AugmentOptions{.crop_padding = 2}, AugmentOptions{.flip = 0.5},
          AugmentOptions{.crop_padding = 5, .flip = 0.5, .cutout = 3}}) {
      check_same_batches(set, augment, 0);
    }
    check_same_batches(set, {.crop_padding = 1, .flip = 0.5, .brightness = 0.6, .cutout = 2},
                       2e-6F);
  }
}

TEST_CASE("cuda.loader.changes_colours_as_the_cpu_does") {
  if (!has_cuda_device()) return;
  check_same_batches(striped(10, 1), {.crop_padding = 1, .contrast = 0.9}, 2e-6F);
  check_same_batches(
      striped(10, 3),
      {.crop_padding = 1, .flip = 0.5, .brightness = 0.4, .contrast = 0.9, .saturation = 1.5},
      4e-6F);
}

TEST_CASE("cuda.loader.goes_on_from_a_state_of_the_cpus") {
  if (!has_cuda_device()) return;
  const ImageDataset set = striped(10, 1);
  Loader host(set, options_on(Device{}, {.flip = 0.5}));
  Loader device(set, options_on(cuda_device, {.flip = 0.5}));
  Batch expected;
  Batch actual;
  host.start_epoch();
  REQUIRE(host.next(expected));
  device.restore(host.state());
  REQUIRE(host.next(expected));
  REQUIRE(device.next(actual));
  CHECK(actual.images.to_vector<float>() == expected.images.to_vector<float>());
}

TEST_CASE("cuda.loader.is_recorded") {
  if (!has_cuda_device()) return;
  const ImageDataset set = striped(12, 3);
  const AugmentOptions augment{.crop_padding = 2, .flip = 0.5};
  Loader host(set, options_on(Device{}, augment));
  Loader device(set, options_on(cuda_device, augment));
  Generator unused;
  Batch recorded;
  std::optional<Recording> recording;
  for (int epoch = 0; epoch < 2; ++epoch) {
    host.start_epoch();
    device.start_epoch();
    Batch expected;
    while (host.next(expected)) {
      REQUIRE(device.advance());
      if (!recording) {
        recording.emplace(cuda_device, unused, [&] { recorded = device.gather(); });
      }
      recording->repeat();
      CHECK(recorded.images.to_vector<float>() == expected.images.to_vector<float>());
      CHECK(recorded.labels.to_vector<std::int64_t>() == expected.labels.to_vector<std::int64_t>());
    }
  }
}

TEST_CASE("cuda.loader.refuses_labels_that_are_no_class") {
  if (!has_cuda_device()) return;
  ImageDataset set = striped(10, 1);
  set.labels.fill_(10);
  CHECK_THROWS_WITH_AS(Loader(set, options_on(cuda_device, {})),
                       doctest::Contains("label 10 of example 0 is not one of 10 classes"), Error);
}

TEST_CASE("data.loader.needs_the_device") {
  LoaderOptions options;
  options.device = {.type = DeviceType::cuda, .index = 99};
  CHECK_THROWS_WITH_AS(Loader(striped(10, 1), options),
                       doctest::Contains("cuda:99 is not available"), Error);
}

}  // namespace
}  // namespace plastic::test
