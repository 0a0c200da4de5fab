// Preloaded into a program (LD_PRELOAD), makes its allocations fail from the one numbered FAIL_AT
// on, and with FAIL_FLOCK each locking of a file. Needs glibc, whose own functions stay reachable
// under other names.
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>

extern "C" {
void* __libc_malloc(std::size_t bytes);
void* __libc_calloc(std::size_t count, std::size_t bytes);
void* __libc_realloc(void* old, std::size_t bytes);
void* __libc_memalign(std::size_t alignment, std::size_t bytes);
}

namespace {

long fail_at = 0;
long count = 0;

[[gnu::constructor]] void begin() {
  if (const char* text = std::getenv("FAIL_AT")) fail_at = std::atol(text);
}

bool fails() {
  if (fail_at == 0 || __atomic_add_fetch(&count, 1, __ATOMIC_RELAXED) < fail_at) return false;
  errno = ENOMEM;
  return true;
}

}  // namespace

extern "C" {

void* malloc(std::size_t bytes) { return fails() ? nullptr : __libc_malloc(bytes); }

void* calloc(std::size_t number, std::size_t bytes) {
  return fails() ? nullptr : __libc_calloc(number, bytes);
}

void* realloc(void* old, std::size_t bytes) {
  return fails() ? nullptr : __libc_realloc(old, bytes);
}

void* aligned_alloc(std::size_t alignment, std::size_t bytes) {
  return fails() ? nullptr : __libc_memalign(alignment, bytes);
}

int posix_memalign(void** memory, std::size_t alignment, std::size_t bytes) {
  if (fails()) return ENOMEM;
  *memory = __libc_memalign(alignment, bytes);
  return *memory == nullptr ? ENOMEM : 0;
}

int flock(int descriptor, int operation) {
  if (std::getenv("FAIL_FLOCK") == nullptr) {
    return static_cast<int>(syscall(SYS_flock, descriptor, operation));
  }
  errno = ENOLCK;
  return -1;
}

}  // extern "C"
