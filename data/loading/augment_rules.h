#pragma once

#include <cmath>
#include <cstdint>

#include "core/fused.h"
#include "core/random/philox.h"
#include "plastic/core/host_device.h"

// How images are changed at random: what is drawn for an image, and the formulas of each change.
// The CPU's Augmenter and the kernels of devices share them, so that a device gives the same
// batches.
namespace plastic::data {

/// AugmentOptions, checked, with the shape of the images.
struct AugmentRules {
  std::int64_t channels = 1;
  std::int64_t height = 1;
  std::int64_t width = 1;
  std::int64_t crop_padding = 0;
  float flip = 0;
  /// Where the factors begin, and how far from there they end.
  float brightness_low = 1, brightness_range = 0;
  float contrast_low = 1, contrast_range = 0;
  float saturation_low = 1, saturation_range = 0;
  bool has_brightness = false;
  bool has_contrast = false;
  bool has_saturation = false;
  std::int64_t cutout = 0;

  PLASTIC_HOST_DEVICE std::int64_t plane() const { return height * width; }
  PLASTIC_HOST_DEVICE bool has_jitter() const {
    return has_brightness || has_contrast || has_saturation;
  }
  PLASTIC_HOST_DEVICE bool has_any() const {
    return crop_padding != 0 || flip > 0 || has_jitter() || cutout != 0;
  }
};

/// What was drawn for one image.
struct AugmentPlan {
  /// The window's position in the padded image.
  std::int64_t top;
  std::int64_t left;
  bool mirrored;
  float brightness;
  float contrast;
  float saturation;
  /// The centre of the square.
  std::int64_t cut_row;
  std::int64_t cut_column;
};

/// In [0, count).
PLASTIC_HOST_DEVICE inline std::int64_t drawn_below(std::uint32_t bits, std::int64_t count) {
  return static_cast<std::int64_t>((bits * static_cast<std::uint64_t>(count)) >> 32);
}

/// Rounded once, on every machine alike.
PLASTIC_HOST_DEVICE inline float drawn_factor(std::uint32_t bits, float low, float range) {
  return fused_product(range, uniform_from(bits), low);
}

/// The plan of image `index` in the epoch of that seed. Each change uses its own random words, so
/// that one more does not affect the others.
PLASTIC_HOST_DEVICE inline AugmentPlan draw_plan(const AugmentRules& rules, std::uint64_t seed,
                                                 std::int64_t index) {
  const auto sequence = static_cast<std::uint64_t>(index);
  const PhiloxBlock place = philox(seed, sequence, 0);
  const PhiloxBlock cut = philox(seed, sequence, 1);
  const PhiloxBlock colour = philox(seed, sequence, 2);
  AugmentPlan plan{};
  plan.top = drawn_below(place.word[0], 2 * rules.crop_padding + 1);
  plan.left = drawn_below(place.word[1], 2 * rules.crop_padding + 1);
  plan.mirrored = uniform_from(place.word[2]) < rules.flip;
  plan.brightness = drawn_factor(colour.word[0], rules.brightness_low, rules.brightness_range);
  plan.contrast = drawn_factor(colour.word[1], rules.contrast_low, rules.contrast_range);
  plan.saturation = drawn_factor(colour.word[2], rules.saturation_low, rules.saturation_range);
  plan.cut_row = drawn_below(cut.word[0], rules.height);
  plan.cut_column = drawn_below(cut.word[1], rules.width);
  return plan;
}

/// The offset of the window from the image; rows and columns outside the image are black.
PLASTIC_HOST_DEVICE inline std::int64_t rows_down(const AugmentRules& rules,
                                                  const AugmentPlan& plan) {
  return plan.top - rules.crop_padding;
}
PLASTIC_HOST_DEVICE inline std::int64_t columns_right(const AugmentRules& rules,
                                                      const AugmentPlan& plan) {
  return plan.left - rules.crop_padding;
}

/// Where in a plane of the image the pixel (y, x) of the result comes from; -1 for a black one.
PLASTIC_HOST_DEVICE inline std::int64_t source_of(const AugmentRules& rules,
                                                  const AugmentPlan& plan, std::int64_t y,
                                                  std::int64_t x) {
  const std::int64_t row = y + rows_down(rules, plan);
  const std::int64_t column =
      (plan.mirrored ? rules.width - 1 - x : x) + columns_right(rules, plan);
  const bool is_inside = row >= 0 && row < rules.height && column >= 0 && column < rules.width;
  return is_inside ? row * rules.width + column : -1;
}

/// The first row or column of the square, and the one after its last, not cut to the image.
PLASTIC_HOST_DEVICE inline std::int64_t cut_begin(const AugmentRules& rules, std::int64_t centre) {
  return centre - rules.cutout / 2;
}
PLASTIC_HOST_DEVICE inline std::int64_t cut_end(const AugmentRules& rules, std::int64_t centre) {
  return cut_begin(rules, centre) + rules.cutout;
}
PLASTIC_HOST_DEVICE inline bool is_cut(const AugmentRules& rules, const AugmentPlan& plan,
                                       std::int64_t y, std::int64_t x) {
  return y >= cut_begin(rules, plan.cut_row) && y < cut_end(rules, plan.cut_row) &&
         x >= cut_begin(rules, plan.cut_column) && x < cut_end(rules, plan.cut_column);
}

// The following functions take colours in [0, 1].

PLASTIC_HOST_DEVICE inline float scaled(std::uint8_t byte) {
  return static_cast<float>(byte) * (1.0F / 255.0F);
}
PLASTIC_HOST_DEVICE inline float within_black_and_white(float value) {
  return value < 0.0F ? 0.0F : (value > 1.0F ? 1.0F : value);
}
PLASTIC_HOST_DEVICE inline float grey(float red, float green, float blue) {
  return 0.299F * red + 0.587F * green + 0.114F * blue;
}
PLASTIC_HOST_DEVICE inline float brightened(float value, float factor) {
  return within_black_and_white(value * factor);
}
/// `factor` times as far from the middle: contrast, from the image's mean grey, and saturation,
/// from the pixel's grey.
PLASTIC_HOST_DEVICE inline float spread(float value, float middle, float factor) {
  return within_black_and_white(middle + factor * (value - middle));
}
/// What a pixel adds to the mean grey of an image of 1 or 3 channels.
PLASTIC_HOST_DEVICE inline float grey_of(const float* pixel, std::int64_t channels) {
  return channels == 3 ? grey(pixel[0], pixel[1], pixel[2]) : pixel[0];
}
/// `scale` is 1 / deviation.
PLASTIC_HOST_DEVICE inline float normalised(float value, float mean, float scale) {
  return (value - mean) * scale;
}

}  // namespace plastic::data
