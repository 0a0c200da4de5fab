#include "core/cpu/system_memory.h"

#include <cstdint>
#include <cstdlib>

#include "core/cpu/poison.h"

#if defined(__linux__) && !defined(PLASTIC_POISONS)
#include <sys/mman.h>
#define PLASTIC_MAPS_PAGES 1
#endif

namespace plastic::cpu {
namespace {

// malloc() may keep what is smaller; what is larger is a multiple of the size of pages. With
// AddressSanitizer all blocks are malloc's, which puts forbidden zones between them.
#ifdef PLASTIC_MAPS_PAGES
constexpr std::size_t pages_from = std::size_t{1} << 20;
#else
constexpr std::size_t pages_from = SIZE_MAX;
#endif

#ifdef PLASTIC_MAPS_PAGES
void* checked(void* pages) { return pages == MAP_FAILED ? nullptr : pages; }
#endif

}  // namespace

void* allocate_block(std::size_t bytes) {
#ifdef PLASTIC_MAPS_PAGES
  if (bytes >= pages_from) {
    return checked(
        mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  }
#endif
  return std::aligned_alloc(block_alignment, bytes);
}

void free_block(const SystemBlock& block) noexcept {
#ifdef PLASTIC_MAPS_PAGES
  if (block.bytes >= pages_from) {
    munmap(block.data, block.bytes);
    return;
  }
#endif
  std::free(block.data);
}

bool can_resize(const SystemBlock& block, std::size_t bytes) {
  return block.bytes >= pages_from && bytes >= pages_from;
}

void* resize(const SystemBlock& block, std::size_t bytes) {
#ifdef PLASTIC_MAPS_PAGES
  if (void* data = checked(mremap(block.data, block.bytes, bytes, MREMAP_MAYMOVE))) return data;
#endif
  free_block(block);
  return allocate_block(bytes);
}

}  // namespace plastic::cpu
