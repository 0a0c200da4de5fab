#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "plastic/data/dataset.h"
#include "plastic/data/image.h"

#pragma GCC visibility push(default)

namespace plastic::data {

/// How images are read from folders.
struct ImageFolderOptions {
  /// The size that every image is resized to, in pixels.
  std::int64_t height = 32;
  /// Columns, likewise.
  std::int64_t width = 32;
  /// 3, or 1 for grey.
  std::int64_t channels = 3;
  /// By default photographs are turned upright. torchvision's ImageFolder leaves them as stored:
  /// Orientation::ignore gives its pixels.
  Orientation orientation = Orientation::apply;
  /// Leave out images that cannot be read and name them in the report, instead of throwing.
  bool skip_bad_images = false;
};

/// What reading a folder of images left out.
struct ImageFolderReport {
  /// Files of other kinds in the folders of the classes, by extension in lower case with its dot,
  /// "" for none.
  std::map<std::string, std::int64_t> other_files;
  /// Files beside the folders of the classes.
  std::int64_t loose_files = 0;
  /// Files and folders whose names begin with a dot.
  std::int64_t hidden = 0;
  /// For each image that could not be read, the reason, naming its path, in the images' order.
  std::vector<std::string> bad_images;
  /// What the decoder found damaged in images that were read anyway, naming their paths.
  std::vector<std::string> damaged_images;
};

/// Reads labelled images from folders laid out as for torchvision's ImageFolder,
/// `root`/CLASS/IMAGE: classes are numbered in the order of their names' bytes, images of a class
/// come in the order of theirs, and folders within a class's folder are included. Every file that
/// ends in .png, .jpg or .jpeg, in any case, is read by read_image() and resized by resize_image(),
/// without keeping the aspect ratio; other files and names that begin with a dot are skipped. What
/// was skipped is added to `report`, if one is given. Normalised with ImageNet's mean (0.485,
/// 0.456, 0.406) and deviation (0.229, 0.224, 0.225), or, for grey, with their averages (0.449,
/// 0.226). Throws Error naming the path for a folder that cannot be read or has no classes, a class
/// without images that can be read, an image that read_image refuses (unless these are skipped),
/// and more pixels than memory holds; and when this build does not decode images.
ImageDataset read_image_folder(const std::filesystem::path& root,
                               const ImageFolderOptions& options = {},
                               ImageFolderReport* report = nullptr);

/// The same for `root`/train and `root`/test, or, where there is no test, `root`/val. Also throws
/// Error when one is missing or their classes differ.
DatasetPair read_image_folders(const std::filesystem::path& root,
                               const ImageFolderOptions& options = {},
                               ImageFolderReport* report = nullptr);

}  // namespace plastic::data

#pragma GCC visibility pop
