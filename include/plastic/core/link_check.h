#pragma once

/// @file
/// A program does not link if it was compiled with headers of another version than the library, or
/// so that the standard library's classes have another layout than the library's. Every file that
/// includes a public header refers to functions whose names say what it needs, and the library
/// defines those whose needs it meets. The linker names the others:
///
///     undefined reference to `plastic_headers_of_version_0_2_need_a_library_of_version_0_2'
///     undefined reference to
///         `plastic_headers_with_GLIBCXX_DEBUG_need_a_library_with_GLIBCXX_DEBUG'

// Defines the macros that tell standard libraries apart.
#include <cstddef>

#include "plastic/core/version.h"

/// @cond
#define PLASTIC_SAME_AS(what) plastic_headers_##what##_need_a_library_##what
#define PLASTIC_SAME(what) PLASTIC_SAME_AS(what)
#define PLASTIC_OF_NUMBERS(major, minor) of_version_##major##_##minor
#define PLASTIC_OF_VERSION(major, minor) PLASTIC_OF_NUMBERS(major, minor)

#define PLASTIC_SAME_VERSION \
  PLASTIC_SAME(PLASTIC_OF_VERSION(PLASTIC_VERSION_MAJOR, PLASTIC_VERSION_MINOR))

#if defined(_LIBCPP_VERSION)
#define PLASTIC_SAME_STANDARD_LIBRARY PLASTIC_SAME(with_libcxx)
#elif defined(__GLIBCXX__) && defined(_GLIBCXX_USE_CXX11_ABI) && !_GLIBCXX_USE_CXX11_ABI
#define PLASTIC_SAME_STANDARD_LIBRARY PLASTIC_SAME(with_GLIBCXX_USE_CXX11_ABI_0)
#elif defined(__GLIBCXX__)
#define PLASTIC_SAME_STANDARD_LIBRARY PLASTIC_SAME(with_libstdcxx)
#else
#define PLASTIC_SAME_STANDARD_LIBRARY PLASTIC_SAME(with_another_standard_library)
#endif

#if defined(_GLIBCXX_DEBUG)
#define PLASTIC_SAME_CONTAINERS PLASTIC_SAME(with_GLIBCXX_DEBUG)
#else
#define PLASTIC_SAME_CONTAINERS PLASTIC_SAME(without_GLIBCXX_DEBUG)
#endif

#pragma GCC visibility push(default)

extern "C" {
void PLASTIC_SAME_VERSION();
void PLASTIC_SAME_STANDARD_LIBRARY();
void PLASTIC_SAME_CONTAINERS();
}

// nvcc does not know the attributes; what it compiles is linked with files that a C++ compiler
// does.
#if !defined(__CUDACC__)

// Neither the optimizer nor a linker that drops unused sections may drop a reference.
#if defined(__ELF__) && __has_cpp_attribute(gnu::retain)
#define PLASTIC_KEPT [[gnu::used, gnu::retain, gnu::visibility("hidden")]]
#else
#define PLASTIC_KEPT [[gnu::used]]
#endif

// Named like the functions, so that files with different needs keep each its own.
namespace plastic::link_check {

PLASTIC_KEPT inline void (*const PLASTIC_SAME_VERSION)() = ::PLASTIC_SAME_VERSION;
PLASTIC_KEPT inline void (*const PLASTIC_SAME_STANDARD_LIBRARY)() = ::PLASTIC_SAME_STANDARD_LIBRARY;
PLASTIC_KEPT inline void (*const PLASTIC_SAME_CONTAINERS)() = ::PLASTIC_SAME_CONTAINERS;

}  // namespace plastic::link_check

#undef PLASTIC_KEPT
#endif
/// @endcond

#pragma GCC visibility pop
