#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "data/loading/augment_rules.h"
#include "data/loading/augmenter.h"
#include "plastic/core/device.h"
#include "plastic/core/tensor.h"

namespace plastic::data {

/// A data set on a device, as kernels need it.
struct DeviceExamples {
  AugmentRules rules;
  /// (N, C, H, W) u8 and (N) i64, contiguous.
  Tensor images;
  Tensor labels;
  /// Augmenter's, f32: (C, 256), (C) and (C).
  Tensor table;
  Tensor mean;
  Tensor scale;
};

/// Gathers, changes and normalises batches on a device, in two phases, so that a device may capture
/// run() once and replay it after each prepare(). Batches are those of Gather, up to rounding where
/// colours change, else to the bit.
class DeviceGather {
 public:
  virtual ~DeviceGather() = default;
  /// The indices of an epoch's examples, one for every example.
  virtual void set_order(std::span<const std::int64_t> order) = 0;
  /// The next run() begins at this position in the order, with the augmentation of this epoch.
  virtual void prepare(std::int64_t position, const AugmentEpoch& epoch) = 0;
  /// Writes `count` examples: images (count, H, W, C) f32 and labels (count) i64. It reads nothing
  /// from the host that prepare() did not copy to where the device reads it.
  virtual void run(std::int64_t count, float* images, std::int64_t* labels) = 0;
};

/// Copies the data set to `device`, which is a GatherSource (data/loading/gather_source.h). Throws
/// Error for another device, and unless the data set is as ImageDataset describes it and the
/// options fit it; checks every label, too, since a captured step cannot.
std::unique_ptr<DeviceGather> make_device_gather(const ImageDataset& dataset,
                                                 const AugmentOptions& augment, Device device);
}  // namespace plastic::data
