#pragma once

#include <cstdint>
#include <span>

namespace plastic::data {

/// Side of a drawn image in pixels; it has three channels.
constexpr int shape_image_side = 32;

enum class Figure { disc, square, triangle, cross, ring };
enum class Texture { stripes, checks };

/// Draws a textured figure before clutter as the Philox sequence (seed, stream) would have it, into
/// three planes of shape_image_side² bytes. Integer draws, IEEE additions, products, quotients and
/// square roots in a fixed order are all it uses, so the bytes are the same on every machine.
void draw_shape(Figure figure, Texture texture, std::uint64_t seed, std::uint64_t stream,
                std::span<std::uint8_t> pixels);

}  // namespace plastic::data
