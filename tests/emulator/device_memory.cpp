#include "tests/emulator/device_memory.h"

#include <sys/mman.h>

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
  void* range =
      mmap(nullptr, capacity, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (range == MAP_FAILED) std::abort();
  start_ = static_cast<char*>(range);
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
  const DeviceAccess access;
  std::memset(data, poison, size);
  return data;
}

bool DeviceMemory::free(void* data) {
  const auto found = allocated.find(static_cast<char*>(data));
  if (found == allocated.end()) return false;
  const DeviceAccess access;
  std::memset(data, poison, found->second);
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
