#include "plastic/data/digits.h"

#include <string>

#include "core/check.h"
#include "core/threads/parallel.h"
#include "data/sets/digit_drawing.h"

namespace plastic::data {
namespace {

// Every image has its own sequence, so that it depends neither on the threads nor on how many are
// drawn. The two sets lie far apart.
constexpr std::uint64_t train_stream = std::uint64_t{1} << 40;
constexpr std::uint64_t test_stream = std::uint64_t{2} << 40;

ImageDataset draw(std::int64_t count, std::uint64_t seed, std::uint64_t first_stream) {
  constexpr std::int64_t pixels = std::int64_t{digit_side} * digit_side;
  ImageDataset out;
  out.images = Tensor::empty({count, 1, digit_side, digit_side}, {.dtype = DType::u8});
  out.labels = Tensor::empty({count}, {.dtype = DType::i64});
  auto* bytes = out.images.mutable_data<std::uint8_t>();
  auto* labels = out.labels.mutable_data<std::int64_t>();
  parallel_for(0, count, 64, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t i = first; i < last; ++i) {
      labels[i] = i % 10;
      draw_digit(static_cast<int>(i % 10), seed, first_stream + static_cast<std::uint64_t>(i),
                 {bytes + i * pixels, pixels});
    }
  });
  for (int digit = 0; digit < 10; ++digit) out.class_names.push_back(std::to_string(digit));
  out.mean = {0.5F};
  out.deviation = {0.5F};
  return out;
}

}  // namespace

DatasetPair digits(const DigitsOptions& options) {
  if (options.train_size < 1 || options.test_size < 1) {
    fail("digits", "sizes must be at least 1, got train_size ", options.train_size, ", test_size ",
         options.test_size);
  }
  return {"digits", "generated", draw(options.train_size, options.seed, train_stream),
          draw(options.test_size, options.seed, test_stream)};
}

}  // namespace plastic::data
