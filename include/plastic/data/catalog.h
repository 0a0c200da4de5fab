#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "plastic/data/dataset.h"
#include "plastic/data/image_folder.h"

#pragma GCC visibility push(default)

namespace plastic::data {

/// A data set by name: a row of catalog().
struct CatalogEntry {
  /// As load() and `plastic train --data` take it.
  std::string name;
  /// What the images show, for a person to read.
  std::string description;
  /// Generated in memory; needs no files.
  bool generated = false;
  /// How to get the files into the usual place, for a person to read; see how_to_get().
  std::string how_to_get;
};

/// How to get the files of `entry` into `data_dir`, or into the usual place, for a person to read.
std::string how_to_get(const CatalogEntry& entry,
                       const std::optional<std::filesystem::path>& data_dir);

/// The data sets known by name: mnist, fashion-mnist, cifar-10, cifar-100, digits, shapes, folder.
const std::vector<CatalogEntry>& catalog();

/// The folders in which load() looks for `name`'s files, in order: `data_dir` alone if given; else
/// $PLASTIC_DATA, ~/.cache/plastic, /usr/share/datasets and /usr/local/share/datasets. In each, the
/// subfolder `name` comes first, then for CIFAR the folder that its archive unpacks to
/// (cifar-10-batches-bin, cifar-100-binary), in `name` and beside it, and last, in the first three,
/// the folder itself. For `folder`, `data_dir` alone. Empty for a generated set. Throws Error for
/// an unknown name.
std::vector<std::filesystem::path> search_path(
    const std::string& name, const std::optional<std::filesystem::path>& data_dir);

/// The first folder of search_path() that holds all of `name`'s files, if any does.
std::optional<std::filesystem::path> locate(const std::string& name,
                                            const std::optional<std::filesystem::path>& data_dir);

/// Loads a data set of the catalog, normalised as in the paper's protocol: mnist, fashion-mnist and
/// digits are images (N, 1, 28, 28) in ten classes, mean and deviation 0.5; cifar-10 and cifar-100
/// are what read_cifar10 and read_cifar100 give, shapes what shapes() gives, and folder what
/// read_image_folders gives for `data_dir`, which adds to `folder_report` what it skipped. Throws
/// Error for an unknown name (listing the known ones), for files not found (where it looked, what
/// is missing and how to get it), files that read_idx or read_cifar10 refuse, images of another
/// size, labels outside the classes, image and label counts that differ, the files of mnist in
/// place of fashion-mnist or the other way round, and a `data_dir` given for a generated set. The
/// folder of the path that was used is in the result's `source`.
DatasetPair load(const std::string& name, const std::optional<std::filesystem::path>& data_dir = {},
                 const ImageFolderOptions& folder_options = {},
                 ImageFolderReport* folder_report = nullptr);

}  // namespace plastic::data

#pragma GCC visibility pop
