#pragma once

#include <cstddef>

namespace plastic::test {

/// Sanitizers need more addresses than memory.
bool can_limit_memory();

/// Lets this process take no more than `bytes` of addresses beyond those that it has.
void limit_more_memory(std::size_t bytes);

}  // namespace plastic::test
