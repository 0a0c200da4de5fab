#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "data/loading/augment_rules.h"
#include "plastic/core/random.h"
#include "plastic/data/augment.h"
#include "plastic/data/dataset.h"

namespace plastic::data {

/// The random numbers of one epoch: all images draw from it, each from its own sequence, so that
/// what an image becomes depends on the epoch and on its index in the data set alone.
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

  std::int64_t pixels() const { return rules_.channels * rules_.plane(); }
  const AugmentRules& rules() const { return rules_; }

  /// Turns the planes of image `index` into pixels with their channels together. `scratch` is for
  /// reuse.
  void write(const std::uint8_t* image, std::int64_t index, const AugmentEpoch& epoch,
             std::vector<std::uint8_t>& scratch, float* out) const;

  // A channel each, for devices: what normalising subtracts and multiplies by, and, 256 a channel,
  // what becomes of every byte that nothing else changes.
  const std::vector<float>& mean() const { return mean_; }
  const std::vector<float>& scale() const { return scale_; }
  const std::vector<float>& table() const { return normalised_; }

 private:
  void place(const std::uint8_t* image, const AugmentPlan& plan, std::uint8_t* out) const;
  void normalise(const std::uint8_t* planes, float* out) const;
  void jitter(const std::uint8_t* planes, const AugmentPlan& plan, float* out) const;
  void cut_out(const AugmentPlan& plan, float* out) const;

  AugmentRules rules_;
  std::vector<float> mean_;
  std::vector<float> scale_;
  std::vector<float> normalised_;
};

}  // namespace plastic::data
