#include "data/formats/idx_images.h"

#include <string>

#include "core/check.h"
#include "plastic/data/idx.h"

namespace plastic::data {
namespace {

constexpr std::int64_t side = 28;
constexpr std::int64_t classes = 10;

Tensor read_labels(const std::filesystem::path& path) {
  const Tensor bytes = read_idx(path, 1);
  Tensor labels = Tensor::empty(bytes.shape(), {.dtype = DType::i64});
  const auto* from = bytes.data<std::uint8_t>();
  auto* to = labels.mutable_data<std::int64_t>();
  for (std::int64_t i = 0; i < bytes.numel(); ++i) {
    if (from[i] >= classes) {
      fail("data", path.string(), ": label ", i, " is ", int{from[i]}, ", outside 0 to ",
           classes - 1, "; the file is damaged or of another data set");
    }
    to[i] = from[i];
  }
  return labels;
}

}  // namespace

FoundFiles find_idx_images(const std::filesystem::path& folder) {
  FoundFiles out;
  for (const char* part : {"train", "t10k"}) {
    const std::string stem = part;
    find_file(folder, {stem + "-images-idx3-ubyte", stem + "-images.idx3-ubyte"}, out);
    find_file(folder, {stem + "-labels-idx1-ubyte", stem + "-labels.idx1-ubyte"}, out);
  }
  return out;
}

ImageDataset read_idx_images(const std::filesystem::path& images_path,
                             const std::filesystem::path& labels_path,
                             const std::vector<std::string>& class_names) {
  const Tensor labels = read_labels(labels_path);
  const Tensor images = read_idx(images_path, 3);
  const std::int64_t count = images.size(0);
  if (images.size(1) != side || images.size(2) != side) {
    fail("data", images_path.string(), ": images are ", images.size(1), "x", images.size(2),
         ", expected ", side, "x", side, "; the file is of another data set");
  }
  if (count != labels.numel()) {
    fail("data", "counts differ: ", images_path.string(), " holds ", count, " images, ",
         labels_path.string(), " ", labels.numel(), " labels; fetch both files again");
  }
  if (count == 0) fail("data", images_path.string(), ": holds no images; fetch the file again");
  return {images.reshape({count, 1, side, side}), labels, class_names, {0.5F}, {0.5F}};
}

}  // namespace plastic::data
