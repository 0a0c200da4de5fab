#include "plastic/core/recycled.h"

#include <new>

#include "core/cpu/poison.h"
#include "core/tensor/recycled.h"
#include "core/threads/per_thread.h"

namespace plastic {
namespace {

// Sizes are multiples of a line of the caches.
constexpr std::size_t step = 64;
constexpr std::size_t lists = 64;
// What a thread keeps at most: a training step of a network of a hundred layers frees about a
// tenth of it.
constexpr std::size_t max_bytes = std::size_t{2} << 20;

struct Block {
  Block* next;
};

/// Blocks of each size that this thread keeps. It has no destructor, so that tensors of static
/// storage may be destroyed after the objects of their thread.
struct Kept {
  Block* first[lists];
  std::size_t bytes;
  /// Whether blocks will be freed when the thread ends, and whether they have been.
  bool is_watched;
  bool is_closed;
};

thread_local constinit Kept kept{};

void free_all() {
  for (Block*& first : kept.first) {
    while (first != nullptr) {
      Block* const block = first;
      first = block->next;
      ::operator delete(block);
    }
  }
  kept.bytes = 0;
}

/// Frees what a thread keeps when it ends.
struct Watch {
  ~Watch() {
    kept.is_closed = true;
    free_all();
  }
};

void watch_this_thread() {
  thread_local const Watch watch;
  kept.is_watched = true;
}

/// The list that blocks of a size are in; `lists` for sizes of which none are kept.
std::size_t list_of(std::size_t bytes) {
  // With AddressSanitizer, nothing is: it could not tell an object from the one before it. Nor
  // where what a thread keeps is gone before the thread's last objects are.
#if defined(PLASTIC_POISONS) || defined(PLASTIC_EMULATES_THREAD_LOCAL)
  (void)bytes;
  return lists;
#else
  return bytes == 0 ? 0 : (bytes - 1) / step;
#endif
}

}  // namespace

void* take_recycled(std::size_t bytes) {
  const std::size_t list = list_of(bytes);
  if (list >= lists) return ::operator new(bytes);
  Block* const block = kept.first[list];
  if (block == nullptr) return ::operator new((list + 1) * step);
  kept.first[list] = block->next;
  kept.bytes -= (list + 1) * step;
  return block;
}

void give_recycled(void* memory, std::size_t bytes) noexcept {
  const std::size_t list = list_of(bytes);
  if (list >= lists || kept.is_closed || kept.bytes + (list + 1) * step > max_bytes) {
    ::operator delete(memory);
    return;
  }
  if (!kept.is_watched) watch_this_thread();
  kept.first[list] = new (memory) Block{kept.first[list]};
  kept.bytes += (list + 1) * step;
}

void free_recycled() { free_all(); }

}  // namespace plastic
