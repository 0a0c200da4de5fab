#include "plastic/data/shapes.h"

#include "core/check.h"
#include "core/threads/parallel.h"
#include "data/sets/shape_drawing.h"

namespace plastic::data {
namespace {

constexpr std::int64_t classes = 10;
// Every image has its own sequence, so that it depends neither on the threads nor on how many are
// drawn. The two sets lie far apart.
constexpr std::uint64_t train_stream = std::uint64_t{3} << 40;
constexpr std::uint64_t test_stream = std::uint64_t{4} << 40;

ImageDataset draw(std::int64_t count, std::uint64_t seed, std::uint64_t first_stream) {
  constexpr std::int64_t pixels = std::int64_t{3} * shape_image_side * shape_image_side;
  ImageDataset out;
  out.images = Tensor::empty({count, 3, shape_image_side, shape_image_side}, {.dtype = DType::u8});
  out.labels = Tensor::empty({count}, {.dtype = DType::i64});
  auto* bytes = out.images.mutable_data<std::uint8_t>();
  auto* labels = out.labels.mutable_data<std::int64_t>();
  parallel_for(0, count, 16, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t i = first; i < last; ++i) {
      labels[i] = i % classes;
      draw_shape(static_cast<Figure>(labels[i] / 2), static_cast<Texture>(labels[i] % 2), seed,
                 first_stream + static_cast<std::uint64_t>(i), {bytes + i * pixels, pixels});
    }
  });
  for (const char* figure : {"disc", "square", "triangle", "cross", "ring"}) {
    for (const char* texture : {"striped ", "checked "}) {
      out.class_names.push_back(std::string(texture) + figure);
    }
  }
  out.mean = {0.5F, 0.5F, 0.5F};
  out.deviation = {0.25F, 0.25F, 0.25F};
  return out;
}

}  // namespace

DatasetPair shapes(const ShapesOptions& options) {
  if (options.train_size < 1 || options.test_size < 1) {
    fail("shapes", "sizes must be at least 1, got train_size ", options.train_size, ", test_size ",
         options.test_size);
  }
  return {"shapes", "generated", draw(options.train_size, options.seed, train_stream),
          draw(options.test_size, options.seed, test_stream)};
}

}  // namespace plastic::data
