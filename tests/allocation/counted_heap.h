#pragma once

#include <cstdint>

namespace plastic::test {

/// How many times this program's threads have asked the heap for memory: operator new, of which
/// counted_heap.cpp has the program's own.
std::int64_t heap_allocations();
/// How many of these allocations have not been freed.
std::int64_t heap_objects();

}  // namespace plastic::test
