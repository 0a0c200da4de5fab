#pragma once

namespace plastic {

/// A device that works beside another library of the process, whose work is in streams of its own,
/// on memory of its own: a second base of its Backend.
class ForeignStreams {
 public:
  /// What end_visit() needs to know.
  struct Visit {
    void* stream = nullptr;
    void* reached = nullptr;
    /// The calling thread's before the visit.
    int device = 0;
    int capture_mode = 0;
  };

  /// What this device is given from now on comes after what `stream` was given so far: a
  /// cudaStream_t of the same device, null the legacy default stream. Throws Error while that is
  /// being captured. Another thread that calls it waits for the end of the visit; a thread in a
  /// visit must not call it.
  virtual Visit begin_visit(void* stream) = 0;
  /// What the stream is given from now on comes after what this device was given so far. The
  /// calling thread's device, and how it minds others' captures, are again what they were before.
  virtual void end_visit(const Visit& visit) noexcept = 0;

  /// Whether kernels of this device can read and write there.
  virtual bool holds(const void* address) = 0;

 protected:
  ~ForeignStreams() = default;
};

}  // namespace plastic
