#pragma once

#include <cstdint>
#include <filesystem>

#include "plastic/data/dataset.h"

namespace plastic::data {

struct ImageFolderOptions {
  /// What every image is resized to, in pixels.
  std::int64_t height = 32;
  std::int64_t width = 32;
  /// 3, or 1 for grey.
  std::int64_t channels = 3;
};

/// Reads labelled images from folders, as torchvision's ImageFolder has them: `root`/CLASS/IMAGE,
/// the classes numbered in the order of their names' bytes, the images of a class in the order of
/// theirs, folders within a class's folder included. Every file that ends in .png, .jpg or .jpeg,
/// in any case, is read by read_image() and resized by resize_image(), sides changing
/// independently; other files and names that begin with a dot are passed over. Normalised with
/// ImageNet's mean (0.485, 0.456, 0.406) and deviation (0.229, 0.224, 0.225), for grey their
/// averages (0.449, 0.226). Throws Error naming the path for a folder that cannot be read or has no
/// classes, a class without images, an image that read_image refuses, and more pixels than memory
/// holds; and when this build decodes no images.
ImageDataset read_image_folder(const std::filesystem::path& root,
                               const ImageFolderOptions& options = {});

/// The same for `root`/train and `root`/test, or, where there is no test, `root`/val. Throws Error,
/// too, when one is missing or their classes differ.
DatasetPair read_image_folders(const std::filesystem::path& root,
                               const ImageFolderOptions& options = {});

}  // namespace plastic::data
