#include <algorithm>

#include "core/cpu/cpu_backend.h"
#include "core/cpu/loops.h"
#include "core/cpu/philox_batch.h"
#include "core/random/philox.h"
#include "core/tensor/dispatch.h"
#include "core/threads/parallel.h"

namespace plastic::cpu {
namespace {

/// Calls body(first element, words, count) for all elements, four per block, in parallel.
template <class Body>
void for_each_batch(std::int64_t elements, const Generator& at, Body&& body) {
  const std::int64_t blocks = (elements + 3) / 4;
  parallel_for(0, (blocks + philox_batch - 1) / philox_batch,
               elementwise_grain / (4 * philox_batch), [&](std::int64_t first, std::int64_t last) {
                 for (std::int64_t b = first; b < last; ++b) {
                   std::uint32_t words[4 * philox_batch];
                   draw_batch(at, static_cast<std::uint64_t>(b * philox_batch), words);
                   const std::int64_t begin = b * 4 * philox_batch;
                   body(begin, words, std::min(4 * philox_batch, elements - begin));
                 }
               });
}

}  // namespace

void CpuBackend::dropout(const Array& in, double p, const Generator& at, const Array& out,
                         const Array& mask) {
  const DropoutRule rule(p);
  dispatch_floating("dropout", in.dtype, [&](auto zero) {
    using T = decltype(zero);
    const T scale = static_cast<T>(rule.scale);
    for_each_batch(in.numel(), at,
                   [&](std::int64_t begin, const std::uint32_t* words, std::int64_t count) {
                     // Locals alias nothing, and full batches have a constant length: the
                     // loops become vectors.
                     std::uint8_t kept[4 * philox_batch];
                     T x[4 * philox_batch] = {};
                     std::copy_n(in.as<const T>() + begin, count, x);
                     for (std::int64_t i = 0; i < 4 * philox_batch; ++i) {
                       kept[i] = rule.keeps(words[i]) ? 1 : 0;
                     }
                     for (std::int64_t i = 0; i < 4 * philox_batch; ++i) {
                       x[i] *= static_cast<T>(kept[i]) * scale;
                     }
                     std::copy_n(x, count, out.as<T>() + begin);
                     std::copy_n(kept, count, mask.as<std::uint8_t>() + begin);
                   });
  });
}

void CpuBackend::relu_dropout_grad(const Array& result, const Array& grad, double scale,
                                   const Array& out) {
  dispatch_floating("dropout", grad.dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* y = result.as<T>();
    const T* g = grad.as<T>();
    T* x = out.as<T>();
    const T s = static_cast<T>(scale);
    parallel_for(0, grad.numel(), elementwise_grain, [&](std::int64_t first, std::int64_t last) {
      for (std::int64_t i = first; i < last; ++i) {
        // Read in any case, which lets the loop become vectors.
        const T passed = g[i] * s;
        x[i] = y[i] <= 0 ? T{0} : passed;
      }
    });
  });
}

void CpuBackend::masked_scale(const Array& in, const Array& mask, double scale, const Array& out) {
  dispatch_floating("dropout", in.dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* x = in.as<T>();
    T* y = out.as<T>();
    const auto* kept = mask.as<std::uint8_t>();
    const T s = static_cast<T>(scale);
    parallel_for(0, in.numel(), elementwise_grain, [&](std::int64_t first, std::int64_t last) {
      for (std::int64_t i = first; i < last; ++i) y[i] = x[i] * (static_cast<T>(kept[i]) * s);
    });
  });
}

void CpuBackend::uniform(const Array& out, double low, double high, const Generator& at) {
  dispatch_floating("uniform", out.dtype, [&](auto zero) {
    using T = decltype(zero);
    T* y = out.as<T>();
    const UniformRule<T> rule(low, high);
    for_each_batch(out.numel(), at,
                   [&](std::int64_t begin, const std::uint32_t* words, std::int64_t count) {
                     for (std::int64_t i = 0; i < count; ++i) y[begin + i] = rule(words[i]);
                   });
  });
}

void CpuBackend::normal(const Array& out, double mean, double deviation, const Generator& at) {
  const NormalRule rule{mean, deviation};
  dispatch_floating("normal", out.dtype, [&](auto zero) {
    using T = decltype(zero);
    T* y = out.as<T>();
    for_each_batch(out.numel(), at,
                   [&](std::int64_t begin, const std::uint32_t* words, std::int64_t count) {
                     for (std::int64_t i = 0; i < count; i += 2) {
                       double first;
                       double second;
                       rule(words[i], words[i + 1], first, second);
                       y[begin + i] = static_cast<T>(first);
                       if (i + 1 < count) y[begin + i + 1] = static_cast<T>(second);
                     }
                   });
  });
}

}  // namespace plastic::cpu
