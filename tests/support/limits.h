#pragma once

#include <cstddef>

namespace plastic::test {

/// Whether this is a build with a sanitizer: they need more addresses than memory, keep what is
/// freed for a while, and end a process that asks operator new for more than there is.
bool is_sanitized();

/// Whether this process can be made to find no more memory: not under a sanitizer, on Windows, or
/// in an emulator of another processor, which takes limits for itself.
bool can_limit_memory();

/// Lets this process take no more than `bytes` of addresses beyond those that it has. Not on
/// Windows.
void limit_more_memory(std::size_t bytes);

}  // namespace plastic::test
