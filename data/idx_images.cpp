#include "data/idx_images.h"

#include <algorithm>
#include <system_error>

#include "core/check.h"
#include "plastic/data/idx.h"

namespace plastic::data {
namespace {

constexpr std::int64_t side = 28;
constexpr std::int64_t classes = 10;

struct FileName {
  const char* stem;
  const char* type;
};

constexpr std::array<FileName, 4> file_names = {{{"train-images", "idx3-ubyte"},
                                                 {"train-labels", "idx1-ubyte"},
                                                 {"t10k-images", "idx3-ubyte"},
                                                 {"t10k-labels", "idx1-ubyte"}}};

std::filesystem::path find_file(const std::filesystem::path& folder, const FileName& name) {
  for (const char* joint : {"-", "."}) {
    for (const char* suffix : {"", ".gz"}) {
      std::filesystem::path path = folder / (std::string(name.stem) + joint + name.type + suffix);
      std::error_code unreadable;
      if (std::filesystem::exists(path, unreadable)) return path;
    }
  }
  return {};
}

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

IdxImageFiles find_idx_images(const std::filesystem::path& folder) {
  IdxImageFiles out;
  for (std::size_t i = 0; i < file_names.size(); ++i) {
    const FileName& name = file_names[i];
    out.paths[i] = find_file(folder, name);
    if (out.paths[i].empty()) out.missing.push_back(std::string(name.stem) + "-" + name.type);
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
