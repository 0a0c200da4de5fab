#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "data/formats/found_files.h"
#include "plastic/data/dataset.h"

namespace plastic::data {

/// Looks for train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and
/// t10k-labels-idx1-ubyte, in this order, also with a dot before idx.
FoundFiles find_idx_images(const std::filesystem::path& folder);

/// Reads an images and a labels file into a set of 28x28 images of ten classes, normalised with
/// mean and deviation 0.5. Throws Error for files that read_idx refuses, other sizes, counts that
/// differ or are 0, and labels outside 0 to 9.
ImageDataset read_idx_images(const std::filesystem::path& images_path,
                             const std::filesystem::path& labels_path,
                             const std::vector<std::string>& class_names);

}  // namespace plastic::data
