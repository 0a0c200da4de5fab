#pragma once

#include <cstddef>

namespace plastic::cpu {

constexpr std::size_t block_alignment = 64;

/// A block that the system gave, and its size there.
struct SystemBlock {
  void* data = nullptr;
  std::size_t bytes = 0;
};

/// A block aligned to block_alignment, of which `bytes` is a multiple; null when memory runs out.
/// Large ones are the system's pages themselves, so that free_block() gives back all of their
/// memory.
void* allocate_block(std::size_t bytes);
void free_block(const SystemBlock& block) noexcept;

/// Whether resize() can make use of the block.
bool can_resize(const SystemBlock& block, std::size_t bytes);
/// The block with another size and unspecified contents; what memory it has stays its own and need
/// not be cleared by the system first. Null, with the block freed, when memory runs out.
void* resize(const SystemBlock& block, std::size_t bytes);

}  // namespace plastic::cpu
