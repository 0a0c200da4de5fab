#pragma once

#include <cstddef>

namespace plastic::emulator {

/// Memory of the emulated device: a range of addresses that only work of the device may touch. The
/// host's own code ends with a segmentation fault there, as it would with a device's memory.
class DeviceMemory {
 public:
  static DeviceMemory& instance();

  /// Filled with bytes that make numbers NaN. Null when more than limit() would be in use.
  void* allocate(std::size_t bytes);
  /// False when nothing was allocated there. Fills the block with NaN again, so that late reads
  /// show.
  bool free(void* data);
  bool contains(const void* address) const;

  std::size_t in_use() const { return in_use_; }
  std::size_t limit() const { return limit_; }
  /// For tests of what happens when memory is out.
  void set_limit(std::size_t bytes) { limit_ = bytes; }

 private:
  friend class DeviceAccess;
  DeviceMemory();
  void open(bool on);
  void fill_with_poison(const char* data, std::size_t bytes);

  char* start_;
  char* alias_;
  std::size_t used_ = 0;
  std::size_t in_use_ = 0;
  std::size_t limit_;
  int accesses_ = 0;
};

/// While one exists, device memory can be touched.
class DeviceAccess {
 public:
  DeviceAccess();
  ~DeviceAccess();
  DeviceAccess(const DeviceAccess&) = delete;
  DeviceAccess& operator=(const DeviceAccess&) = delete;
};

}  // namespace plastic::emulator
