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

/// The block in which the memory of `part` lies, to be kept by whoever reads there: a part may get
/// memory of its own. Null where it has that already.
std::shared_ptr<void> block_of(const Storage& part);

}  // namespace plastic
