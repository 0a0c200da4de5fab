#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/cpu/kernels.h"
#include "core/cpu/loops.h"
#include "core/cpu/philox_batch.h"
#include "core/dispatch.h"
#include "core/philox.h"

namespace plastic::cpu {
namespace {

/// Calls body(first element, words, count) for all elements, four a block, in parallel.
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

void dropout(const Array& in, double p, const Generator& at, const Array& out, const Array& mask) {
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

void relu_dropout_grad(const Array& result, const Array& grad, double scale, const Array& out) {
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
        x[i] = y[i] > 0 ? passed : T{0};
      }
    });
  });
}

void masked_scale(const Array& in, const Array& mask, double scale, const Array& out) {
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

void uniform(const Array& out, double low, double high, const Generator& at) {
  dispatch_floating("uniform", out.dtype, [&](auto zero) {
    using T = decltype(zero);
    T* y = out.as<T>();
    // Rounding may lift a draw to `high` itself, which the range leaves out.
    const T last_below = std::nextafter(static_cast<T>(high), static_cast<T>(low));
    for_each_batch(out.numel(), at,
                   [&](std::int64_t begin, const std::uint32_t* words, std::int64_t count) {
                     for (std::int64_t i = 0; i < count; ++i) {
                       const double u = static_cast<double>(uniform_from(words[i]));
                       y[begin + i] = std::min(static_cast<T>(low + (high - low) * u), last_below);
                     }
                   });
  });
}

// Box and Muller: two uniform numbers of a block give two normal ones.
void normal(const Array& out, double mean, double deviation, const Generator& at) {
  dispatch_floating("normal", out.dtype, [&](auto zero) {
    using T = decltype(zero);
    T* y = out.as<T>();
    for_each_batch(out.numel(), at,
                   [&](std::int64_t begin, const std::uint32_t* words, std::int64_t count) {
                     for (std::int64_t i = 0; i < count; i += 2) {
                       // 1 - u lies in (0, 1], where the logarithm is finite.
                       const double u = 1.0 - static_cast<double>(uniform_from(words[i]));
                       const double angle =
                           2 * std::numbers::pi * static_cast<double>(uniform_from(words[i + 1]));
                       const double radius = deviation * std::sqrt(-2 * std::log(u));
                       y[begin + i] = static_cast<T>(mean + radius * std::cos(angle));
                       if (i + 1 < count) {
                         y[begin + i + 1] = static_cast<T>(mean + radius * std::sin(angle));
                       }
                     }
                   });
  });
}

}  // namespace plastic::cpu
