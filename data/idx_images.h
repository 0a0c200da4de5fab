#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <vector>

#include "plastic/data/dataset.h"

namespace plastic::data {

/// The four files of a data set in the form of MNIST, as found in one folder: training images and
/// labels, test images and labels.
struct IdxImageFiles {
  /// Empty where there is no such file.
  std::array<std::filesystem::path, 4> paths;
  /// The names of those that are missing.
  std::vector<std::string> missing;

  bool complete() const { return missing.empty(); }
  bool none() const { return missing.size() == paths.size(); }
};

/// Looks for train-images-idx3-ubyte and its three companions, also as train-images.idx3-ubyte,
/// each also with .gz added.
IdxImageFiles find_idx_images(const std::filesystem::path& folder);

/// Reads an images and a labels file into a set of 28x28 images of ten classes, normalised with
/// mean and deviation 0.5. Throws Error for files that read_idx refuses, other sizes, counts that
/// differ or are 0, and labels outside 0 to 9.
ImageDataset read_idx_images(const std::filesystem::path& images_path,
                             const std::filesystem::path& labels_path,
                             const std::vector<std::string>& class_names);

}  // namespace plastic::data
