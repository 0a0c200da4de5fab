#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/cpu/bf16/patches.h"
#include "core/cpu/bf16/product.h"

namespace plastic::cpu {

namespace detail {

/// Elements of a strip of padded image, which stays in the second cache.
constexpr std::int64_t strip_elements = 1 << 17;

/// How a TapMatrix with steps of 1 is read from strips of padded image: what a tap reads for
/// neighbouring positions lies in neighbouring pixels, whatever lies beside the image.
class PaddedStrips {
 public:
  explicit PaddedStrips(const TapMatrix& taps) : taps_(taps), first_(taps.taps[0]), last_(first_) {
    for (const Tap& tap : taps.taps) {
      first_ = {std::min(first_.row, tap.row), std::min(first_.column, tap.column)};
      last_ = {std::max(last_.row, tap.row), std::max(last_.column, tap.column)};
    }
    width_ = taps.grid_width + last_.column - first_.column;
    rows_ =
        std::clamp<std::int64_t>(strip_elements / (width_ * taps.channels), 1, taps.grid_height);
  }

  /// Pixels in a row of a strip, of which the first grid_width are positions.
  std::int64_t width() const { return width_; }
  /// Rows of positions in a strip, and strips in an image.
  std::int64_t rows() const { return rows_; }
  std::int64_t count() const { return (taps_.grid_height + rows_ - 1) / rows_; }

  /// Elements of a strip, with `more` pixels that may be read beyond it.
  std::int64_t size(std::int64_t more) const {
    const std::int64_t rows = rows_ + last_.row - first_.row;
    return (rows * width_ + last_.column - first_.column + more) * taps_.channels;
  }
  /// Where a tap's pixel for the first position of a strip is, in elements.
  std::int64_t offset(const Tap& tap) const {
    return ((tap.row - first_.row) * width_ + tap.column - first_.column) * taps_.channels;
  }

  /// Copies what the positions of rows [row, row + rows()) of an image read; zeros beside it.
  void copy(std::int64_t image, std::int64_t row, std::int64_t more, bfloat16* to) const {
    bfloat16* const end = to + size(more);
    const bfloat16* const from = taps_.images +
                                 image * taps_.height * taps_.width * taps_.pixel_channels +
                                 taps_.first_channel;
    const std::int64_t left = first_.column;
    const std::int64_t inside_first = std::clamp<std::int64_t>(-left, 0, width_);
    const std::int64_t inside_last =
        std::clamp<std::int64_t>(taps_.width - left, inside_first, width_);
    const std::int64_t rows = rows_ + last_.row - first_.row;
    for (std::int64_t i = row + first_.row; i < row + first_.row + rows; ++i) {
      if (i < 0 || i >= taps_.height) {
        to = zeros(to, width_);
        continue;
      }
      to = zeros(to, inside_first);
      const bfloat16* pixel = from + (i * taps_.width + left + inside_first) * taps_.pixel_channels;
      if (taps_.channels == taps_.pixel_channels) {
        to = std::copy_n(pixel, (inside_last - inside_first) * taps_.channels, to);
      } else {
        for (std::int64_t j = inside_first; j < inside_last; ++j) {
          to = std::copy_n(pixel, taps_.channels, to);
          pixel += taps_.pixel_channels;
        }
      }
      to = zeros(to, width_ - inside_last);
    }
    std::fill(to, end, bfloat16(0.0F));
  }

 private:
  bfloat16* zeros(bfloat16* to, std::int64_t pixels) const {
    return std::fill_n(to, pixels * taps_.channels, bfloat16(0.0F));
  }

  const TapMatrix& taps_;
  /// The smallest and the largest rows and columns of taps.
  Tap first_, last_;
  std::int64_t width_ = 0, rows_ = 0;
};

}  // namespace detail

/// Whether multiply_images() can be used: positions lie beside each other, a pixel's channels are
/// whole steps of the kernel, and B can be packed at once.
template <class Kernel>
bool fits_images(const TapMatrix& taps, std::int64_t n) {
  return Kernel::terms == 2 && !taps.taps.empty() && taps.step[0] == 1 && taps.step[1] == 1 &&
         taps.channels % (2 * Kernel::unit_step) == 0 &&
         taps.columns() / 2 * detail::round_up(n, Kernel::columns) <= detail::group_size;
}

/// multiply() of TapRows{taps} and B, with the same sums: the rows of A are read where they lie in
/// padded copies of the images, each of which is copied once and not once for each tap.
template <class Kernel, class B, class Store>
void multiply_images(const TapMatrix& taps, std::int64_t images, std::int64_t n, const B& b,
                     const Store& store) {
  using namespace detail;
  constexpr std::int64_t columns = Kernel::columns;
  const std::int64_t k = taps.columns();
  const std::int64_t panels = (n + columns - 1) / columns;
  const UnitRange<2> whole{k, 0, k / 2};
  const Scratch<float> packed(whole.count * panels * columns);
  const std::int64_t steps = pack_steps<2, columns>(b, whole, n);
  const std::int64_t units_in_step = whole.count * panels * columns / steps;
  parallel_for(0, steps, std::max<std::int64_t>(1, parallel_units / units_in_step),
               [&](std::int64_t begin, std::int64_t end) {
                 pack_panels<2, columns>(b, whole, 0, n, begin, end, packed.data());
               });
  const PaddedStrips strips(taps);
  const std::int64_t terms_in_strip = strips.rows() * taps.grid_width * k * n;
  parallel_for(
      0, images * strips.count(), (parallel_terms + terms_in_strip - 1) / terms_in_strip,
      [&](std::int64_t first, std::int64_t last) {
        Kernel kernel;
        constexpr std::int64_t panels_together = max_block_columns / columns;
        const std::int64_t widest = std::min(panels, panels_together) * columns;
        const Scratch<bfloat16> padded(strips.size(Kernel::row_step));
        const Scratch<float> sums(max_block_rows * widest);
        std::vector<const void*> segments(taps.taps.size());
        for (std::int64_t strip = first; strip < last; ++strip) {
          const std::int64_t image = strip / strips.count();
          const std::int64_t first_row = strip % strips.count() * strips.rows();
          const std::int64_t rows = std::min(strips.rows(), taps.grid_height - first_row);
          strips.copy(image, first_row, Kernel::row_step, padded.data());
          const std::int64_t positions = (rows - 1) * strips.width() + taps.grid_width;
          for (std::int64_t panel = 0; panel < panels; panel += panels_together) {
            for (std::int64_t position = 0; position < positions; position += max_block_rows) {
              for (std::size_t t = 0; t < segments.size(); ++t) {
                segments[t] =
                    padded.data() + strips.offset(taps.taps[t]) + position * taps.channels;
              }
              const UnitBlock block{
                  .units = taps.channels / 2,
                  .segments = std::ssize(segments),
                  .rows = std::min(max_block_rows, positions - position),
                  .a = segments.data(),
                  .a_stride = taps.channels * static_cast<std::int64_t>(sizeof(bfloat16)),
                  .b = packed.data() + panel * whole.count * columns,
                  .panel = whole.count * columns,
                  .panels = std::min(panels_together, panels - panel),
                  .c = sums.data(),
                  .ldc = widest};
              kernel.multiply(block);
              const std::int64_t column = panel * columns;
              const std::int64_t count = std::min(n - column, block.panels * columns);
              for (std::int64_t i = 0; i < block.rows; ++i) {
                const std::int64_t row = (position + i) / strips.width();
                const std::int64_t place = (position + i) % strips.width();
                if (place >= taps.grid_width) continue;
                store((image * taps.grid_height + first_row + row) * taps.grid_width + place,
                      column, count, sums.data() + i * widest);
              }
            }
          }
        }
      });
}

}  // namespace plastic::cpu
