#pragma once

#include <functional>
#include <memory>

#include "plastic/core/device.h"
#include "plastic/core/random.h"

namespace plastic {

class RecordedStep;

/// Work on a CUDA device that is recorded once, as a CUDA graph, and then repeated without the host
/// issuing its operations again.
///
/// A repetition does to the same memory what was recorded: it reads and writes the tensors that
/// existed while recording, and numbers of the host's (a learning rate, a position) stay what they
/// were unless they are read from device memory, as optim::Optimizer::apply() does. Random numbers
/// drawn from `generator` go on from repetition to repetition as they would without recording.
///
/// Memory that the step takes, and memory of earlier tensors that it lets go, stays the recording's
/// until that is destroyed: repetitions find there what the one before left. A tensor that the step
/// reads and keeps must live as long as the recording, or be let go within the step.
class Recording {
 public:
  /// Calls `step` once; its operations on `device` are recorded, not done. The same operations must
  /// have run before, with the same shapes, so that nothing is left to be tuned. Throws Error when
  /// `device` is no CUDA device, and for a step that waits for the device (Tensor::item(),
  /// to(Device{}), backward through a check of indices).
  Recording(Device device, Generator& generator, const std::function<void()>& step);
  ~Recording();
  Recording(Recording&&) noexcept;
  Recording& operator=(Recording&&) noexcept;

  /// Does the recorded work, after everything that the device was given before, without waiting for
  /// it. `generator` moves on as it did while recording.
  void repeat();

 private:
  std::unique_ptr<RecordedStep> step_;
};

}  // namespace plastic
