#pragma once

#include <cstddef>
#include <memory>

#include "core/tensor/storage.h"
#include "plastic/core/device.h"

namespace plastic {

/// A storage over `bytes` bytes that belong to somebody else, who keeps them until the storage is
/// gone. `owner` is let go then.
std::shared_ptr<Storage> storage_over(void* memory, std::size_t bytes, Device device,
                                      std::shared_ptr<void> owner = {});

}  // namespace plastic
