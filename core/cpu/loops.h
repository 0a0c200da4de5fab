#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/device/array.h"
#include "core/function_ref.h"

/// Before a loop over elements that writes in place or elsewhere, but never to an element that a
/// later turn reads: without it, g++ does not make vectors of a loop in place.
#if defined(__GNUC__) && !defined(__clang__)
#define PLASTIC_INDEPENDENT _Pragma("GCC ivdep")
#else
#define PLASTIC_INDEPENDENT
#endif

namespace plastic::cpu {

/// Elements below which a loop is not worth a second thread.
constexpr std::int64_t elementwise_grain = 8192;

/// sort_axes() and collapse_axes(), quickly where they are one run in the same order.
void join_axes(std::span<Array> arrays);

/// A loop over `count` elements along one axis of each array: `pointers` are to the first of each,
/// and strides are in elements.
using RunBody =
    FunctionRef<void(std::byte* const* pointers, const std::int64_t* strides, std::int64_t count)>;

/// Walks arrays of one shape in step, at most four, in the order in which the last one lies in
/// memory, on all threads.
void for_each_run(std::span<Array> arrays, RunBody body);

}  // namespace plastic::cpu
