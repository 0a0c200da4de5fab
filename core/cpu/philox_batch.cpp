#include "core/cpu/philox_batch.h"

#include "core/random/philox.h"

#ifdef __AVX2__
#include <immintrin.h>
#endif

namespace plastic::cpu {

#ifdef __AVX2__

// Compilers make no vectors of Philox's 32x32 -> 64 bit products. Four blocks stand side by side in
// 64-bit lanes; a counter word is the lower half of a lane, and what is left in the upper half is
// never read.
namespace {

constexpr int blocks_a_vector = 4;

struct Counters {
  __m256i c0, c1, c2, c3;
};

Counters start(const Generator& at, std::uint64_t first) {
  const auto index = static_cast<long long>(at.offset + first);
  const auto stream = static_cast<long long>(at.stream);
  const __m256i counter =
      _mm256_add_epi64(_mm256_set1_epi64x(index), _mm256_setr_epi64x(0, 1, 2, 3));
  return {counter, _mm256_srli_epi64(counter, 32), _mm256_set1_epi64x(stream),
          _mm256_srli_epi64(_mm256_set1_epi64x(stream), 32)};
}

Counters round(const Counters& c, __m256i k0, __m256i k1) {
  const __m256i product0 = _mm256_mul_epu32(c.c0, _mm256_set1_epi64x(philox_multiplier0));
  const __m256i product1 = _mm256_mul_epu32(c.c2, _mm256_set1_epi64x(philox_multiplier1));
  return {_mm256_xor_si256(_mm256_xor_si256(_mm256_srli_epi64(product1, 32), c.c1), k0), product1,
          _mm256_xor_si256(_mm256_xor_si256(_mm256_srli_epi64(product0, 32), c.c3), k1), product0};
}

/// The lower halves of a and b, a first, in each lane.
__m256i join(__m256i a, __m256i b) {
  return _mm256_blend_epi32(a, _mm256_slli_epi64(b, 32), 0b10101010);
}

void store(const Counters& c, std::uint32_t* words) {
  const __m256i front = join(c.c0, c.c1);
  const __m256i back = join(c.c2, c.c3);
  const __m256i even = _mm256_unpacklo_epi64(front, back);
  const __m256i odd = _mm256_unpackhi_epi64(front, back);
  auto* out = reinterpret_cast<__m256i*>(words);
  _mm256_storeu_si256(out, _mm256_permute2x128_si256(even, odd, 0x20));
  _mm256_storeu_si256(out + 1, _mm256_permute2x128_si256(even, odd, 0x31));
}

}  // namespace

void draw_batch(const Generator& at, std::uint64_t first, std::uint32_t* words) {
  constexpr int vectors = philox_batch / blocks_a_vector;
  Counters counters[vectors];
  for (int i = 0; i < vectors; ++i) {
    counters[i] = start(at, first + static_cast<std::uint64_t>(i * blocks_a_vector));
  }
  PhiloxKey key(at.seed);
  for (int i = 0; i < philox_rounds; ++i, key.advance()) {
    const __m256i k0 = _mm256_set1_epi64x(key.k0);
    const __m256i k1 = _mm256_set1_epi64x(key.k1);
    for (Counters& c : counters) c = round(c, k0, k1);
  }
  for (int i = 0; i < vectors; ++i) store(counters[i], words + 4 * blocks_a_vector * i);
}

#else

void draw_batch(const Generator& at, std::uint64_t first, std::uint32_t* words) {
  for (std::int64_t i = 0; i < philox_batch; ++i) {
    const PhiloxBlock block =
        philox(at.seed, at.stream, at.offset + first + static_cast<std::uint64_t>(i));
    for (int w = 0; w < 4; ++w) words[4 * i + w] = block.word[w];
  }
}

#endif

}  // namespace plastic::cpu
