#include "core/storage.h"

#include "core/backend.h"

namespace plastic {

std::shared_ptr<Storage> Storage::allocate(std::size_t bytes, Device device) {
  auto* data = static_cast<std::byte*>(backend(device).allocate(bytes));
  return std::shared_ptr<Storage>(new Storage(data, bytes, device));
}

Storage::~Storage() { backend(device_).deallocate(data_, bytes_); }

}  // namespace plastic
