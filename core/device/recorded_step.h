#pragma once

namespace plastic {

/// What a device keeps of a captured step; see plastic/core/recording.h.
class RecordedStep {
 public:
  virtual ~RecordedStep() = default;
  virtual void repeat() = 0;
};

}  // namespace plastic
