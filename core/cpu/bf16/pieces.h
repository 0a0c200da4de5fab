#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/cpu/bf16/operands.h"
#include "core/cpu/loops.h"
#include "core/device/array.h"
#include "core/tensor/bfloat16.h"
#include "core/threads/parallel.h"

// Operands of bf16 are widened a piece at a time, so that f32 kernels read and write copies that
// are in the caches and whole tensors are never copied. Pieces are fixed by the sizes.

namespace plastic::cpu {

/// Elements of an operand that a thread widens at a time for functions of elements.
constexpr std::int64_t piece_elements = 16384;

/// Elements of images that are widened at a time for all threads.
constexpr std::int64_t min_image_piece = 1 << 18;
constexpr std::int64_t max_image_piece = 1 << 20;

/// How many for kernels that prepare something of `prepared` elements in each call, whose time must
/// not count.
constexpr std::int64_t image_piece(std::int64_t prepared) {
  return std::clamp(16 * prepared, min_image_piece, max_image_piece);
}

/// Calls call(operands, arrays) for pieces of arrays of one shape, on all threads, and then rounds
/// the results into place. For kernels to which the axes' order means nothing.
template <std::size_t count, class Call>
void in_pieces(Backend& kernels, Array (&arrays)[count], Call&& call) {
  const auto compute = [&](const Array(&part)[count]) {
    Bf16Operands at(kernels);
    call(at, part);
    at.finish();
  };
  join_axes(arrays);
  const Shape shape = arrays[0].shape;
  const std::int64_t total = shape.numel();
  if (total <= piece_elements) return compute(arrays);
  // Pieces are of some positions along one axis, and of all along those within it.
  std::size_t axis = 0;
  std::int64_t outer = 1;
  std::int64_t inner = total / shape[0];
  while (inner > piece_elements) {
    outer *= shape[axis++];
    inner /= shape[axis];
  }
  const std::int64_t step = piece_elements / inner;
  const std::int64_t steps = (shape[axis] + step - 1) / step;
  const auto within = [axis](const Shape& of) {
    return Shape(std::span(of.begin(), of.end()).subspan(axis));
  };
  parallel_for(0, outer * steps, 1, [&](std::int64_t first_piece, std::int64_t last_piece) {
    for (std::int64_t piece = first_piece; piece < last_piece; ++piece) {
      const std::int64_t first = piece % steps * step;
      Array part[count];
      for (std::size_t i = 0; i < count; ++i) {
        const Array& whole = arrays[i];
        std::int64_t position = first * whole.strides[axis];
        std::int64_t row = piece / steps;
        for (std::size_t before = axis; before-- > 0;) {
          position += row % shape[before] * whole.strides[before];
          row /= shape[before];
        }
        part[i] = {
            whole.as<std::byte>() + position * static_cast<std::int64_t>(size_of(whole.dtype)),
            whole.dtype, within(shape), within(whole.strides)};
        part[i].shape[0] = std::min(step, shape[axis] - first);
      }
      compute(part);
    }
  });
}

/// Images [first, first + count) of a batch.
struct ImagePiece {
  std::int64_t first, count;

  /// Where they begin in a tensor of images without gaps, of `elements` each.
  template <class T>
  T* of(T* images, std::int64_t elements) const {
    return images + first * elements;
  }
};

/// Calls call(images) for a batch of images, of which the largest operand has `elements`, in pieces
/// of image_piece(prepared).
template <class Call>
void by_images(std::int64_t batch, std::int64_t elements, std::int64_t prepared, Call&& call) {
  const std::int64_t piece = image_piece(prepared);
  const std::int64_t pieces =
      std::clamp<std::int64_t>((elements + piece - 1) / piece, 1, std::max<std::int64_t>(batch, 1));
  for (std::int64_t i = 0; i < pieces; ++i) {
    const std::int64_t first = batch * i / pieces;
    call(ImagePiece{first, batch * (i + 1) / pieces - first});
  }
}

}  // namespace plastic::cpu
