#include "tests/emulator/device_memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <map>

namespace plastic::emulator {
namespace {

constexpr std::size_t capacity = std::size_t{4} << 30;
constexpr std::size_t alignment = 256;
// As f32 and f64 a NaN, as an index far outside.
constexpr int poison = 0xFF;

// Sizes of blocks that are allocated and of those that may be again, by address.
std::map<char*, std::size_t> allocated;
std::multimap<std::size_t, char*> free_blocks;

}  // namespace

DeviceMemory& DeviceMemory::instance() {
  static DeviceMemory memory;
  return memory;
}

DeviceMemory::DeviceMemory() : limit_(capacity) {
  // The same memory twice: as the device's, and for the emulator itself, which need not open it.
  const int file = memfd_create("emulated device", MFD_CLOEXEC);
  if (file < 0 || ftruncate(file, static_cast<off_t>(capacity)) != 0) std::abort();
  void* device = mmap(nullptr, capacity, PROT_NONE, MAP_SHARED | MAP_NORESERVE, file, 0);
  void* alias =
      mmap(nullptr, capacity, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, file, 0);
  if (device == MAP_FAILED || alias == MAP_FAILED) std::abort();
  close(file);
  start_ = static_cast<char*>(device);
  alias_ = static_cast<char*>(alias);
}

void DeviceMemory::fill_with_poison(const char* data, std::size_t bytes) {
  std::memset(alias_ + (data - start_), poison, bytes);
}

void DeviceMemory::open(bool on) {
  accesses_ += on ? 1 : -1;
  if ((on && accesses_ == 1) || (!on && accesses_ == 0)) {
    if (used_ > 0 && mprotect(start_, used_, on ? PROT_READ | PROT_WRITE : PROT_NONE) != 0) {
      std::abort();
    }
  }
}

void* DeviceMemory::allocate(std::size_t bytes) {
  const std::size_t rounded = (bytes + alignment - 1) / alignment * alignment;
  if (in_use_ + rounded > limit_) return nullptr;
  char* data = nullptr;
  std::size_t size = rounded;
  const auto found = free_blocks.lower_bound(rounded);
  if (found != free_blocks.end() && found->first <= 2 * rounded) {
    size = found->first;
    data = found->second;
    free_blocks.erase(found);
  } else {
    // Whole pages of new range, so that protecting `used_` bytes covers whole pages.
    constexpr std::size_t page = 4096;
    const std::size_t grown = (used_ + rounded + page - 1) / page * page;
    if (grown > capacity) return nullptr;
    data = start_ + used_;
    size = grown - used_;
    used_ = grown;
    if (accesses_ > 0) mprotect(start_, used_, PROT_READ | PROT_WRITE);
  }
  allocated[data] = size;
  in_use_ += size;
  fill_with_poison(data, size);
  return data;
}

bool DeviceMemory::free(void* data) {
  const auto found = allocated.find(static_cast<char*>(data));
  if (found == allocated.end()) return false;
  fill_with_poison(found->first, found->second);
  free_blocks.emplace(found->second, found->first);
  in_use_ -= found->second;
  allocated.erase(found);
  return true;
}

bool DeviceMemory::contains(const void* address) const {
  const char* at = static_cast<const char*>(address);
  return at >= start_ && at < start_ + capacity;
}

DeviceAccess::DeviceAccess() { DeviceMemory::instance().open(true); }
DeviceAccess::~DeviceAccess() { DeviceMemory::instance().open(false); }

}  // namespace plastic::emulator
