#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "plastic/core/random.h"
#include "plastic/data/augment.h"
#include "plastic/data/dataset.h"

namespace plastic::data {

/// The random numbers of one epoch: all images draw from it, each from a sequence of its own, so
/// that what an image becomes depends on the epoch and on its index in the data set alone.
struct AugmentEpoch {
  std::uint64_t seed = 0;

  /// That of the epoch whose order is drawn from `generator`.
  static AugmentEpoch of(const Generator& generator);
};

/// Changes and normalises one image after another. Not changed itself once made.
class Augmenter {
 public:
  /// For images of the data set's shape, which is as check_dataset() wants it. Throws Error for
  /// options out of range or without meaning for its channels.
  Augmenter(const AugmentOptions& options, const ImageDataset& dataset);

  std::int64_t pixels() const { return channels_ * plane(); }

  /// Turns the planes of image `index` into pixels with their channels together. `scratch` is for
  /// reuse.
  void write(const std::uint8_t* image, std::int64_t index, const AugmentEpoch& epoch,
             std::vector<std::uint8_t>& scratch, float* out) const;

 private:
  /// What was drawn for one image.
  struct Plan;

  std::int64_t plane() const { return height_ * width_; }
  Plan draw(std::int64_t index, const AugmentEpoch& epoch) const;
  void place(const std::uint8_t* image, const Plan& plan, std::uint8_t* out) const;
  void normalise(const std::uint8_t* planes, float* out) const;
  void jitter(const std::uint8_t* planes, const Plan& plan, float* out) const;
  void cut_out(const Plan& plan, float* out) const;

  AugmentOptions options_;
  std::int64_t channels_;
  std::int64_t height_;
  std::int64_t width_;
  std::vector<float> mean_;
  std::vector<float> deviation_;
  /// The normalised value of every byte, 256 a channel.
  std::vector<float> normalised_;
};

}  // namespace plastic::data
