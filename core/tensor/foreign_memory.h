#pragma once

#include <cstddef>
#include <memory>

#include "core/tensor/storage.h"
#include "plastic/core/device.h"

namespace plastic {

/// A storage over `bytes` bytes that belong to somebody else, who keeps them until the storage is
/// gone.
std::shared_ptr<Storage> storage_over(void* memory, std::size_t bytes, Device device);

}  // namespace plastic
