#pragma once

#include <functional>
#include <memory>

#include "plastic/core/device.h"
#include "plastic/core/random.h"

#pragma GCC visibility push(default)

namespace plastic {

class RecordedStep;

/// Work on a CUDA device that is captured once, as a CUDA graph, and then replayed without the host
/// issuing its operations again.
///
/// A replay does to the same memory what was captured: it reads and writes the tensors that existed
/// during capture, and numbers from the host (a learning rate, a position) stay what they were
/// unless they are read from device memory, as optim::Optimizer::apply() does. Random numbers drawn
/// from `generator` continue from replay to replay as they would without capture.
///
/// Memory that the step allocates, and memory of earlier tensors that it frees, belongs to the
/// recording until that is destroyed: each replay finds there what the one before left. A tensor
/// that the step reads and does not free must live as long as the recording.
class Recording {
 public:
  /// Calls `step` once; its operations on `device` are captured, not run. The same operations must
  /// have run before, with the same shapes, so that nothing is left to tune. Throws Error when
  /// `device` is not a CUDA device, and for a step that waits for the device (Tensor::item(),
  /// to(Device{}), backward through a check of indices).
  Recording(Device device, Generator& generator, const std::function<void()>& step);
  ~Recording();
  /// Leaves the other to be destroyed or assigned to.
  Recording(Recording&&) noexcept;
  /// The same; the recording that this one held is destroyed.
  Recording& operator=(Recording&&) noexcept;

  /// Replays the captured work, after everything that was issued to the device before, without
  /// waiting for it. `generator` advances as it did during capture.
  void repeat();

 private:
  std::unique_ptr<RecordedStep> step_;
};

}  // namespace plastic

#pragma GCC visibility pop
