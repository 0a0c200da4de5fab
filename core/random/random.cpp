#include "plastic/core/random.h"

#include <atomic>
#include <cmath>
#include <cstddef>
#include <mutex>
#include <new>

#include "core/autograd/attempt.h"
#include "core/check.h"
#include "core/device/backend.h"
#include "core/random/draw.h"
#include "core/random/philox.h"
#include "core/tensor/number.h"
#include "core/tensor/tensor_impl.h"
#include "core/threads/fork.h"

namespace plastic {

namespace {

/// The default generator and what guards it. Never destroyed.
struct Default {
  Generator generator;
  ForkSafeMutex mutex;

  static Default& instance() {
    alignas(Default) static std::byte place[sizeof(Default)];
    static auto& only = *new (place) Default;
    return only;
  }
};

// Made before main(): a fork while another thread made it would leave the child waiting for it.
[[maybe_unused]] const Default& made_early = Default::instance();

bool is_default(const Generator& generator) { return &generator == &Default::instance().generator; }

// std::atomic_ref, which clang's library lacks before version 19.
#ifdef __cpp_lib_atomic_ref
std::uint64_t fetch_add(std::uint64_t& word, std::uint64_t more) {
  return std::atomic_ref(word).fetch_add(more);
}
void replace_if_equal(std::uint64_t& word, std::uint64_t expected, std::uint64_t next) {
  std::atomic_ref(word).compare_exchange_strong(expected, next);
}
#else
std::uint64_t fetch_add(std::uint64_t& word, std::uint64_t more) {
  return __atomic_fetch_add(&word, more, __ATOMIC_SEQ_CST);
}
void replace_if_equal(std::uint64_t& word, std::uint64_t expected, std::uint64_t next) {
  __atomic_compare_exchange_n(&word, &expected, next, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}
#endif

/// See draw().
Generator take(Generator& generator, std::uint64_t blocks) {
  if (is_default(generator)) {
    const std::lock_guard lock(Default::instance().mutex);
    const Generator at = generator;
    generator.offset += blocks;
    return at;
  }
  const std::uint64_t offset = fetch_add(generator.offset, blocks);
  return {.seed = generator.seed, .stream = generator.stream, .offset = offset};
}

/// Undoes take(), unless somebody took more, or began elsewhere, since.
void give_back(Generator& generator, const Generator& at, std::uint64_t blocks) {
  const std::uint64_t after = at.offset + blocks;
  if (is_default(generator)) {
    const std::lock_guard lock(Default::instance().mutex);
    if (generator == Generator{at.seed, at.stream, after}) generator = at;
    return;
  }
  if (generator.seed != at.seed || generator.stream != at.stream) return;
  replace_if_equal(generator.offset, after, at.offset);
}

PhiloxBlock next_block(Generator& generator) {
  if (is_default(generator)) {
    const Generator at = draw(generator, 1);
    return philox(at.seed, at.stream, at.offset);
  }
  return philox(generator.seed, generator.stream, generator.offset++);
}

}  // namespace

Generator draw(Generator& generator, std::uint64_t blocks) {
  const Generator at = take(generator, blocks);
  if (blocks > 0 && is_attempt() && (is_default(generator) || is_lasting(generator))) {
    note_change([&generator, at, blocks] { give_back(generator, at, blocks); });
  }
  return at;
}

std::uint32_t Generator::next_u32() { return next_block(*this).word[0]; }

std::uint64_t Generator::next_below(std::uint64_t bound) {
  // Draws above the largest multiple of bound are thrown away.
  const std::uint64_t limit = UINT64_MAX - UINT64_MAX % bound;
  while (true) {
    const PhiloxBlock block = next_block(*this);
    const std::uint64_t draw = (std::uint64_t{block.word[1]} << 32) | block.word[0];
    if (draw < limit) return draw % bound;
  }
}

float Generator::next_float() { return uniform_from(next_u32()); }

Generator& default_generator() { return Default::instance().generator; }

void manual_seed(std::uint64_t seed) {
  const std::lock_guard lock(Default::instance().mutex);
  default_generator() = {.seed = seed};
}

Tensor uniform(const Shape& shape, double low, double high, Generator& generator, DType dtype) {
  if (!is_floating_point(dtype)) fail("uniform", "needs f32 or f64, got ", name_of(dtype));
  if (!(low <= high)) fail("uniform", "empty range: low ", low, ", high ", high);
  check_number("uniform", low, dtype);
  check_number("uniform", high, dtype);
  if (!std::isfinite(high - low)) {
    fail("uniform", "the range is not finite: low ", low, ", high ", high);
  }
  Tensor out = Tensor::empty(shape, {.dtype = dtype});
  backend({}).uniform(array_of(out), low, high, draw(generator, blocks_for(out.numel())));
  return out;
}

Tensor normal(const Shape& shape, double mean, double deviation, Generator& generator,
              DType dtype) {
  if (!is_floating_point(dtype)) fail("normal", "needs f32 or f64, got ", name_of(dtype));
  if (!(deviation >= 0)) fail("normal", "deviation must not be negative: ", deviation);
  check_number("normal", mean, dtype);
  check_number("normal", deviation, dtype);
  if (!std::isfinite(mean) || !std::isfinite(deviation)) {
    fail("normal", "mean and deviation must be finite: ", mean, " and ", deviation);
  }
  Tensor out = Tensor::empty(shape, {.dtype = dtype});
  backend({}).normal(array_of(out), mean, deviation, draw(generator, blocks_for(out.numel())));
  return out;
}

}  // namespace plastic
