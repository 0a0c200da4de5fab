#pragma once

#include <cstddef>
#include <string>

namespace plastic::cuda {

/// "NAME 13.1.0, FILE" for the version 130100 of the library that a function was loaded from.
std::string library_line(const char* name, std::size_t version, const void* function);

/// NCCL's, or why there is none.
std::string nccl_line();

}  // namespace plastic::cuda
