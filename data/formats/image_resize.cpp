#include <algorithm>
#include <cmath>
#include <vector>

#include "core/check.h"
#include "plastic/data/image.h"

namespace plastic::data {
namespace {

constexpr std::int64_t longest_side = 32768;

/// One axis at its new length: position i is the sum of weights[k] * from[first + k].
struct Window {
  std::int64_t first;
  std::vector<float> weights;
};

/// A triangle over the new pixel's centre, as wide on each side as a new pixel is in old ones, but
/// at least one old pixel; cut at the border and normalised.
std::vector<Window> windows(std::int64_t from, std::int64_t to) {
  const double scale = static_cast<double>(from) / static_cast<double>(to);
  const double reach = std::max(scale, 1.0);
  std::vector<Window> out;
  out.reserve(static_cast<std::size_t>(to));
  for (std::int64_t i = 0; i < to; ++i) {
    const double centre = scale * (static_cast<double>(i) + 0.5);
    const auto first = std::max<std::int64_t>(std::llround(std::floor(centre - reach + 0.5)), 0);
    const auto end = std::min<std::int64_t>(std::llround(std::floor(centre + reach + 0.5)), from);
    std::vector<double> weights;
    double sum = 0.0;
    for (std::int64_t k = first; k < end; ++k) {
      const double distance = std::abs(static_cast<double>(k) + 0.5 - centre) / reach;
      weights.push_back(std::max(1.0 - distance, 0.0));
      sum += weights.back();
    }
    Window window = {.first = first, .weights = {}};
    for (const double weight : weights) window.weights.push_back(static_cast<float>(weight / sum));
    out.push_back(std::move(window));
  }
  return out;
}

}  // namespace

Tensor resize_image(const Tensor& image, std::int64_t height, std::int64_t width) {
  if (!image.defined() || image.dtype() != DType::u8 || image.rank() != 3 || image.numel() == 0) {
    fail("resize_image", "the image must be u8 of shape (C, H, W) and not empty, got ",
         image.defined() ? name_of(image.dtype()) : "nothing", " ",
         image.defined() ? to_string(image.shape()) : "");
  }
  if (height < 1 || height > longest_side || width < 1 || width > longest_side) {
    fail("resize_image", "sizes must be 1 to ", longest_side, ", got ", height, "x", width);
  }
  const std::int64_t channels = image.size(0);
  const std::int64_t rows = image.size(1);
  const std::int64_t columns = image.size(2);
  if (rows == height && columns == width) return image;
  const Tensor pixels = image.contiguous();
  const auto* from = pixels.data<std::uint8_t>();
  const std::vector<Window> across = windows(columns, width);
  const std::vector<Window> down = windows(rows, height);
  Tensor out = Tensor::empty({channels, height, width}, {.dtype = DType::u8});
  auto* to = out.mutable_data<std::uint8_t>();
  std::vector<float> narrowed(static_cast<std::size_t>(rows * width));
  std::vector<float> row(static_cast<std::size_t>(width));
  for (std::int64_t channel = 0; channel < channels; ++channel) {
    for (std::int64_t y = 0; y < rows; ++y) {
      const std::uint8_t* line = from + (channel * rows + y) * columns;
      for (std::int64_t x = 0; x < width; ++x) {
        const Window& window = across[static_cast<std::size_t>(x)];
        float sum = 0.0F;
        for (std::size_t k = 0; k < window.weights.size(); ++k) {
          sum += window.weights[k] *
                 static_cast<float>(line[window.first + static_cast<std::int64_t>(k)]);
        }
        narrowed[static_cast<std::size_t>(y * width + x)] = sum;
      }
    }
    for (std::int64_t y = 0; y < height; ++y) {
      const Window& window = down[static_cast<std::size_t>(y)];
      std::ranges::fill(row, 0.0F);
      for (std::size_t k = 0; k < window.weights.size(); ++k) {
        const float weight = window.weights[k];
        const float* line = narrowed.data() + (window.first + static_cast<std::int64_t>(k)) * width;
        for (std::size_t x = 0; x < row.size(); ++x) row[x] += weight * line[x];
      }
      for (const float value : row) {
        *to++ = static_cast<std::uint8_t>(std::lround(std::clamp(value, 0.0F, 255.0F)));
      }
    }
  }
  return out;
}

}  // namespace plastic::data
