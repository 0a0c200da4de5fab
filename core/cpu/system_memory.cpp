#include "core/cpu/system_memory.h"

#include <cstdint>
#include <cstdlib>

#include "core/cpu/poison.h"

#if defined(__linux__) && !defined(PLASTIC_POISONS)
#include <sys/mman.h>
#define PLASTIC_MAPS_PAGES 1
#endif
#ifdef _WIN32
#include <malloc.h>
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

void* map_pages(std::size_t bytes) {
  return checked(mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}

constexpr std::size_t huge_page = std::size_t{2} << 20;

/// Pages that the system is asked to make huge ones, from a boundary of these on. With pages of
/// 4 KiB, passing over megabytes waits for addresses to be translated: an optimizer's step takes a
/// fifth longer.
void* map_huge_pages(std::size_t bytes) {
  auto* const pages = static_cast<std::byte*>(map_pages(bytes + huge_page));
  if (pages == nullptr) return map_pages(bytes);
  const std::size_t before = -reinterpret_cast<std::uintptr_t>(pages) % huge_page;
  std::byte* const first = pages + before;
  if (before > 0) munmap(pages, before);
  munmap(first + bytes, huge_page - before);
#ifdef MADV_HUGEPAGE
  // Systems may decline.
  madvise(first, bytes, MADV_HUGEPAGE);
#endif
  return first;
}
#endif

}  // namespace

void* allocate_block(std::size_t bytes) {
#ifdef PLASTIC_MAPS_PAGES
  if (bytes >= huge_page) return map_huge_pages(bytes);
  if (bytes >= pages_from) return map_pages(bytes);
#endif
#ifdef _WIN32
  return _aligned_malloc(bytes, block_alignment);
#else
  return std::aligned_alloc(block_alignment, bytes);
#endif
}

void free_block(const SystemBlock& block) noexcept {
#ifdef PLASTIC_MAPS_PAGES
  if (block.bytes >= pages_from) {
    munmap(block.data, block.bytes);
    return;
  }
#endif
#ifdef _WIN32
  _aligned_free(block.data);
#else
  std::free(block.data);
#endif
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
