#pragma once

#include <memory>

namespace plastic::data {

class DeviceGather;
struct DeviceExamples;

/// A device that can gather batches from a data set in its memory: its class has this as a second
/// base beside Backend.
class GatherSource {
 public:
  virtual std::unique_ptr<DeviceGather> make_gather(const DeviceExamples& examples) = 0;

 protected:
  ~GatherSource() = default;
};

}  // namespace plastic::data
