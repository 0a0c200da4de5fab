#include "plastic/core/random.h"

#include "core/backend.h"
#include "core/check.h"
#include "core/philox.h"
#include "core/tensor_impl.h"

namespace plastic {

std::uint32_t Generator::next_u32() { return philox(seed, stream, offset++).word[0]; }

std::uint64_t Generator::next_below(std::uint64_t bound) {
  // Draws above the largest multiple of bound are thrown away.
  const std::uint64_t limit = UINT64_MAX - UINT64_MAX % bound;
  while (true) {
    const PhiloxBlock block = philox(seed, stream, offset++);
    const std::uint64_t draw = (std::uint64_t{block.word[1]} << 32) | block.word[0];
    if (draw < limit) return draw % bound;
  }
}

float Generator::next_float() { return uniform_from(next_u32()); }

Generator& default_generator() {
  static Generator generator;
  return generator;
}

void manual_seed(std::uint64_t seed) { default_generator() = {.seed = seed}; }

Tensor uniform(const Shape& shape, double low, double high, Generator& generator, DType dtype) {
  if (!is_floating_point(dtype)) fail("uniform", "needs f32 or f64, got ", name_of(dtype));
  if (!(low <= high)) fail("uniform", "empty range: low ", low, ", high ", high);
  Tensor out = Tensor::empty(shape, {.dtype = dtype});
  backend({}).uniform(array_of(out), low, high, generator);
  generator.offset += static_cast<std::uint64_t>(out.numel() + 3) / 4;
  return out;
}

Tensor normal(const Shape& shape, double mean, double deviation, Generator& generator,
              DType dtype) {
  if (!is_floating_point(dtype)) fail("normal", "needs f32 or f64, got ", name_of(dtype));
  if (!(deviation >= 0)) fail("normal", "deviation must not be negative: ", deviation);
  Tensor out = Tensor::empty(shape, {.dtype = dtype});
  backend({}).normal(array_of(out), mean, deviation, generator);
  generator.offset += static_cast<std::uint64_t>(out.numel() + 3) / 4;
  return out;
}

}  // namespace plastic
