#include <algorithm>

#include "core/cpu/cpu_backend.h"
#include "core/cpu/map/copy_transposed.h"
#include "core/cpu/map/map.h"
#include "core/tensor/dispatch.h"
#include "core/tensor/number.h"

namespace plastic::cpu {

void CpuBackend::fill(const Array& out, const Number& value) {
  dispatch_stored(out.dtype, [&](auto zero) {
    using T = decltype(zero);
    Array arrays[] = {out};
    for_each_run(arrays,
                 [&](std::byte* const* pointers, const std::int64_t* strides, std::int64_t count) {
                   T* y = reinterpret_cast<T*>(pointers[0]);
                   const T converted = number_as<T>(value);
                   if (strides[0] == 1) {
                     std::fill_n(y, count, converted);
                   } else {
                     for (std::int64_t i = 0; i < count; ++i) y[i * strides[0]] = converted;
                   }
                 });
  });
}

void CpuBackend::copy(const Array& in, const Array& out) {
  if (copy_transposed(in, out)) return;
  dispatch_stored(in.dtype, [&](auto from) {
    dispatch_stored(out.dtype, [&](auto to) {
      using Out = decltype(to);
      map<decltype(from), Out>(in, out, [](auto x) { return static_cast<Out>(x); });
    });
  });
}

}  // namespace plastic::cpu
