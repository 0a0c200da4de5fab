#include "core/tensor/storage.h"

#include <utility>

#include "core/device/array.h"
#include "core/device/backend.h"
#include "core/tensor/constant_weight.h"
#include "core/tensor/foreign_memory.h"
#include "core/tensor/recycled.h"

namespace plastic {

/// One allocation for the storage and its counts; only members see the constructor.
struct Storage::Made : Storage {
  Made(std::byte* memory, std::size_t size, Device where) : Storage(memory, size, where) {}

  /// Leaves the memory to whoever owns it: a part of a block that holds nothing but `owner`.
  void disown(std::shared_ptr<void> owner) {
    block_ = std::shared_ptr<Storage>(std::move(owner), this);
  }

  static std::shared_ptr<void> block_in(const Storage& part) { return part.block_; }

  friend std::shared_ptr<void> block_under(const Storage& part) { return block_in(part); }

  friend std::shared_ptr<Storage> make_over(std::byte* memory, std::size_t bytes, Device device,
                                            std::shared_ptr<void> owner) {
    const auto made = make_recycled<Made>(memory, bytes, device);
    made->disown(std::move(owner));
    return made;
  }
};

std::shared_ptr<Storage> make_over(std::byte* memory, std::size_t bytes, Device device,
                                   std::shared_ptr<void> owner);
std::shared_ptr<void> block_under(const Storage& part);

std::shared_ptr<void> block_of(const Storage& part) { return block_under(part); }

std::shared_ptr<Storage> storage_over(void* memory, std::size_t bytes, Device device,
                                      std::shared_ptr<void> owner) {
  return make_over(static_cast<std::byte*>(memory), bytes, device, std::move(owner));
}

std::shared_ptr<Storage> Storage::allocate(std::size_t bytes, Device device) {
  auto* data = static_cast<std::byte*>(backend(device).allocate(bytes));
  try {
    return make_recycled<Made>(data, bytes, device);
  } catch (...) {
    backend(device).deallocate(data, bytes);
    throw;
  }
}

std::shared_ptr<Storage> Storage::part_of(std::shared_ptr<Storage> block, std::size_t offset,
                                          std::size_t bytes) {
  std::shared_ptr<Storage> part = make_recycled<Made>(block->data_ + offset, bytes, block->device_);
  part->block_ = std::move(block);
  return part;
}

void Storage::leave_block() {
  if (!block_) return;
  const auto size = static_cast<std::int64_t>(bytes_);
  Backend& device = backend(device_);
  auto* own = static_cast<std::byte*>(device.allocate(bytes_));
  device.copy({data_, DType::u8, {size}, {1}}, {own, DType::u8, {size}, {1}});
  data_ = own;
  block_.reset();
}

Storage::~Storage() {
  forget_weight_forms(this);
  if (!block_) backend(device_).deallocate(data_, bytes_);
}

}  // namespace plastic
