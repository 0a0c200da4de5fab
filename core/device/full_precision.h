#pragma once

namespace plastic {

/// While one lives, precision() is f32 in its thread: what an optimizer computes is not a model's
/// activation, so that no precision of these narrows it.
class FullPrecision {
 public:
  FullPrecision();
  ~FullPrecision();
  FullPrecision(const FullPrecision&) = delete;
  FullPrecision& operator=(const FullPrecision&) = delete;
};

}  // namespace plastic
