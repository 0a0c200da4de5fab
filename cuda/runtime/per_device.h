#pragma once

#include <atomic>
#include <cstddef>
#include <mutex>
#include <vector>

namespace plastic::cuda {

/// One T per device, made from the device's index when first asked for, and never destroyed: at the
/// end of the process the driver may be gone before tensors are.
template <class T>
class PerDevice {
 public:
  explicit PerDevice(int count) : made_(static_cast<std::size_t>(count)) {}

  T& of(int index) {
    std::atomic<T*>& place = made_[static_cast<std::size_t>(index)];
    if (T* made = place.load(std::memory_order_acquire)) return *made;
    const std::lock_guard lock(making_);
    if (place.load(std::memory_order_relaxed) == nullptr) place = new T(index);
    return *place;
  }

  /// Null when nobody has asked for it.
  T* if_made(int index) const { return made_[static_cast<std::size_t>(index)]; }

 private:
  std::vector<std::atomic<T*>> made_;
  std::mutex making_;
};

}  // namespace plastic::cuda
