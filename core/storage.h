#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "plastic/core/device.h"

namespace plastic {

/// A block of memory on a device, owned. Views of one tensor share it.
class Storage {
 public:
  /// Contents are unspecified. Throws Error when memory is out.
  static std::shared_ptr<Storage> allocate(std::size_t bytes, Device device);
  ~Storage();
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  std::byte* data() { return data_; }
  std::size_t bytes() const { return bytes_; }
  Device device() const { return device_; }

  /// Writes so far; autograd compares it to notice that a saved tensor has changed.
  std::uint64_t version() const { return version_.load(std::memory_order_relaxed); }
  void bump_version() { version_.fetch_add(1, std::memory_order_relaxed); }

 private:
  Storage(std::byte* data, std::size_t bytes, Device device)
      : data_(data), bytes_(bytes), device_(device) {}

  std::byte* data_;
  std::size_t bytes_;
  Device device_;
  std::atomic<std::uint64_t> version_{0};
};

}  // namespace plastic
