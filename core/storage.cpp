#include "core/storage.h"

#include <utility>

#include "core/array.h"
#include "core/backend.h"

namespace plastic {

std::shared_ptr<Storage> Storage::allocate(std::size_t bytes, Device device) {
  auto* data = static_cast<std::byte*>(backend(device).allocate(bytes));
  return std::shared_ptr<Storage>(new Storage(data, bytes, device));
}

std::shared_ptr<Storage> Storage::part_of(std::shared_ptr<Storage> block, std::size_t offset,
                                          std::size_t bytes) {
  std::shared_ptr<Storage> part(new Storage(block->data_ + offset, bytes, block->device_));
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
  if (!block_) backend(device_).deallocate(data_, bytes_);
}

}  // namespace plastic
