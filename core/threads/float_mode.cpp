#include "core/threads/float_mode.h"

#if defined(__SSE__) || defined(_M_X64)
#include <xmmintrin.h>
#elif defined(_M_ARM64)
#include <intrin.h>
#endif

namespace plastic {
namespace {

// The control register; the bit that makes denormal results zero, all bits for denormal numbers,
// and those for rounding.
#if defined(__SSE__) || defined(_M_X64)

// MXCSR: DAZ is bit 6, which makes operands zero, RC bits 13 and 14, FTZ bit 15.
constexpr std::uint64_t flush_bit = 1U << 15;
constexpr std::uint64_t denormal_bits = flush_bit | 1U << 6;
constexpr std::uint64_t rounding_bits = 3U << 13;
constexpr bool flushes_operands = false;

std::uint64_t read_control() { return _mm_getcsr(); }
void write_control(std::uint64_t bits) { _mm_setcsr(static_cast<unsigned>(bits)); }

#elif defined(__aarch64__) || defined(_M_ARM64)

// FPCR: RMode is bits 22 and 23, FZ bit 24, for operands and results.
constexpr std::uint64_t flush_bit = 1U << 24;
constexpr std::uint64_t denormal_bits = flush_bit;
constexpr std::uint64_t rounding_bits = 3U << 22;
constexpr bool flushes_operands = true;

#if defined(_M_ARM64)
std::uint64_t read_control() { return static_cast<std::uint64_t>(_ReadStatusReg(ARM64_FPCR)); }
void write_control(std::uint64_t bits) { _WriteStatusReg(ARM64_FPCR, static_cast<__int64>(bits)); }
#else
std::uint64_t read_control() {
  std::uint64_t bits = 0;
  __asm__ volatile("mrs %0, fpcr" : "=r"(bits));
  return bits;
}
void write_control(std::uint64_t bits) { __asm__ volatile("msr fpcr, %0" : : "r"(bits)); }
#endif

#else

constexpr std::uint64_t flush_bit = 0;
constexpr std::uint64_t denormal_bits = 0;
constexpr std::uint64_t rounding_bits = 0;
constexpr bool flushes_operands = false;

std::uint64_t read_control() { return 0; }
void write_control(std::uint64_t) {}

#endif

/// Sets the bits in `mask` to those of `bits`.
void change_control(std::uint64_t mask, std::uint64_t bits) {
  const std::uint64_t control = read_control();
  const std::uint64_t wanted = (control & ~mask) | (bits & mask);
  // Writing takes longer than reading.
  if (wanted != control) write_control(wanted);
}

thread_local bool keeping = false;

}  // namespace

FloatMode FloatMode::of_this_thread() {
  FloatMode mode;
  mode.bits_ = read_control();
  return mode;
}

void FloatMode::apply() const { change_control(denormal_bits | rounding_bits, bits_); }

FlushDenormals::FlushDenormals(bool flush)
    : control_before_(read_control()), kept_before_(keeping) {
  change_control(flush ? flush_bit : denormal_bits, flush ? flush_bit : 0);
  keeping = !flush;
}

FlushDenormals::~FlushDenormals() {
  change_control(denormal_bits, control_before_);
  keeping = kept_before_;
}

DefaultFlush::DefaultFlush(bool spares_operands) {
  if (keeping || (spares_operands && flushes_operands)) return;
  flush_.emplace();
}

}  // namespace plastic
