#pragma once

#include <cstdint>
#include <span>

namespace plastic::data {

/// Side of a drawn image in pixels.
constexpr int digit_side = 28;

/// Draws `digit` (0 to 9) as the Philox sequence (seed, stream) would have it, light on dark, into
/// digit_side² grey pixels. Integer draws, IEEE additions, products and square roots in a fixed
/// order are all it uses, so the bytes are the same on every machine.
void draw_digit(int digit, std::uint64_t seed, std::uint64_t stream,
                std::span<std::uint8_t> pixels);

}  // namespace plastic::data
