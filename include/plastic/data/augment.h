#pragma once

#include <cstdint>

#include "plastic/core/link_check.h"

#pragma GCC visibility push(default)

namespace plastic::data {

/// Random changes to training images, in this order; each is off at 0. Names and meaning are those
/// of torchvision's transforms except as noted.
struct AugmentOptions {
  /// Black pixels added on every side before a window of the original size is cut out at a
  /// uniformly random position (RandomCrop).
  std::int64_t crop_padding = 0;
  /// Probability of swapping left and right (RandomHorizontalFlip).
  double flip = 0.0;
  /// ColorJitter's: factors uniform in [1 - x, 1 + x], not below 0, for the brightness, the
  /// contrast (distance from the image's mean grey) and the saturation (distance from the pixel's
  /// grey), always in this order, with results clamped between black and white. Grey is 0.299 r +
  /// 0.587 g + 0.114 b.
  double brightness = 0.0;
  /// See brightness.
  double contrast = 0.0;
  /// See brightness.
  double saturation = 0.0;
  /// Side of a square that is set to 0 after normalising, centred anywhere in the image and clipped
  /// at its border (DeVries and Taylor, arXiv 1708.04552).
  std::int64_t cutout = 0;

  /// Whether anything is changed at all.
  bool any() const {
    return crop_padding != 0 || flip != 0 || brightness != 0 || contrast != 0 || saturation != 0 ||
           cutout != 0;
  }
  /// Whether both change images alike.
  bool operator==(const AugmentOptions&) const = default;
};

}  // namespace plastic::data

#pragma GCC visibility pop
