#pragma once

#include <cstdint>
#include <type_traits>

namespace plastic::cuda {

/// `count` neighbours in memory, read and written in one access.
template <class T, unsigned count>
struct alignas(sizeof(T) * count) Pack {
  T at[count];
};

/// Elements of the widest access that a thread can make: 16 bytes.
template <class T>
constexpr unsigned pack_width = 16 / sizeof(T);

/// Whether packs may begin at each of these; null is not accessed.
template <class... Pointers>
bool are_aligned(const Pointers*... pointers) {
  return ((reinterpret_cast<std::uintptr_t>(pointers) % 16 == 0) && ...);
}

/// Calls f with how many elements to access at a time, as a constant: pack_width where that `fits`,
/// else 1.
template <class T, class F>
void with_pack_width(bool fits, F&& f) {
  if (fits) {
    f(std::integral_constant<unsigned, pack_width<T>>{});
  } else {
    f(std::integral_constant<unsigned, 1>{});
  }
}

}  // namespace plastic::cuda
