#pragma once

/// The version of these headers as text, which CMakeLists.txt reads here, too.
#define PLASTIC_VERSION "0.1.0"
/// Its first number.
#define PLASTIC_VERSION_MAJOR 0
/// Its second number: the binary interface may differ from that of another.
#define PLASTIC_VERSION_MINOR 1
/// Its third number.
#define PLASTIC_VERSION_PATCH 0

#pragma GCC visibility push(default)

namespace plastic {

/// The version of the library that runs, such as "0.1.0". Its first two numbers are those of the
/// headers, or the program does not link (plastic/core/link_check.h).
const char* version();

}  // namespace plastic

#pragma GCC visibility pop

// Every other header includes this one before it uses what an older C++ has not.
#if defined(__cplusplus) && __cplusplus < 202002L && !(defined(_MSVC_LANG) && _MSVC_LANG >= 202002L)
#error "Plastic needs C++20: compile with -std=c++20 or newer"
// Is not there: the compiler stops here, before hundreds of errors that say less.
#include <plastic_needs_cpp20>
#endif
