#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "plastic/core/device.h"

namespace plastic {

/// A block of memory on a device, or a part of one. Views of one tensor share it.
class Storage {
 public:
  /// Contents are unspecified. Throws Error when memory is out.
  static std::shared_ptr<Storage> allocate(std::size_t bytes, Device device);
  /// `bytes` bytes of `block` from `offset`. The part keeps the block alive and counts its writes
  /// itself.
  static std::shared_ptr<Storage> part_of(std::shared_ptr<Storage> block, std::size_t offset,
                                          std::size_t bytes);
  ~Storage();
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  std::byte* data() { return data_; }
  std::size_t bytes() const { return bytes_; }
  /// Gives a part of a block memory of its own with the same contents; the tensors over it follow.
  /// Throws Error, changing nothing, when memory is out.
  void leave_block();
  bool is_part() const { return block_ != nullptr; }
  Device device() const { return device_; }

  /// Writes so far; autograd compares it to notice that a saved tensor has changed.
  std::uint64_t version() const { return version_.load(std::memory_order_relaxed); }
  void bump_version() { version_.fetch_add(1, std::memory_order_relaxed); }

 private:
  struct Made;

  Storage(std::byte* data, std::size_t bytes, Device device)
      : data_(data), bytes_(bytes), device_(device) {}

  /// Owns the memory of a part; null where this storage does.
  std::shared_ptr<Storage> block_;
  std::byte* data_;
  std::size_t bytes_;
  Device device_;
  std::atomic<std::uint64_t> version_{0};
};

}  // namespace plastic
