#pragma once

#include <cstdint>

#include "plastic/core/dtype.h"
#include "plastic/core/shape.h"

#pragma GCC visibility push(default)

namespace plastic {

class Tensor;

/// A position in a counter-based random sequence: Philox4x32-10 (Salmon et al., "Parallel random
/// numbers: as easy as 1, 2, 3", SC 2011). `seed` is the key, `stream` and `offset` the counter, so
/// three integers are the whole state, and the numbers do not depend on device or thread count.
struct Generator {
  /// The key: generators of different seeds give independent sequences.
  std::uint64_t seed = 0;
  /// A sequence of its own for each value, independent of the others of this seed.
  std::uint64_t stream = 0;
  /// Next unused block of four 32-bit numbers.
  std::uint64_t offset = 0;

  /// Whether both are at one position of one sequence.
  bool operator==(const Generator&) const = default;

  /// @name Single draws
  /// Must not be called by several threads at once, except on default_generator(). Operations that
  /// fill or change a whole tensor may share a generator between threads.
  /// @{

  /// The next 32 random bits. Uses up a whole block: meant for shuffles and seeds, not for bulk
  /// draws.
  std::uint32_t next_u32();

  /// Uniform integer in [0, bound), unbiased (rejection). Requires bound > 0.
  std::uint64_t next_below(std::uint64_t bound);

  /// Uniform in [0, 1) with 24 random bits.
  float next_float();
  /// @}
};

/// The generator that operations and initialisers use when they are given none. There is one per
/// process, and any thread may draw from it at any time: each draw gets its own part of the
/// sequence, in order of arrival. Its members must not be read or written while other threads use
/// it.
Generator& default_generator();

/// Resets default_generator() to the start of `seed`'s sequence. Any thread may call it.
void manual_seed(std::uint64_t seed);

/// A new tensor of independent values, uniform in [low, high). f32 or f64. Throws Error unless low
/// <= high, both are finite in the dtype and so is their difference.
Tensor uniform(const Shape& shape, double low, double high, Generator& generator,
               DType dtype = DType::f32);

/// A new tensor of independent normal values (Box-Muller). f32 or f64. Throws Error unless mean and
/// deviation are finite in the dtype and deviation is not negative.
Tensor normal(const Shape& shape, double mean, double deviation, Generator& generator,
              DType dtype = DType::f32);

}  // namespace plastic

#pragma GCC visibility pop
