#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "plastic/data/dataset.h"

namespace plastic::data {

struct CatalogEntry {
  std::string name;
  std::string description;
  /// Made in memory; needs no files.
  bool generated = false;
  /// How to get the files, for a person to read.
  std::string how_to_get;
};

/// The data sets known by name: mnist, fashion-mnist, digits.
const std::vector<CatalogEntry>& catalog();

/// The folders in which load() looks for `name`'s files, in order: `data_dir` alone if given; else
/// $PLASTIC_DATA, ~/.cache/plastic, and `name` in /usr/share/datasets and
/// /usr/local/share/datasets. Of the first three, the subfolder `name` comes before the folder
/// itself. Empty for a generated set. Throws Error for an unknown name.
std::vector<std::filesystem::path> search_path(
    const std::string& name, const std::optional<std::filesystem::path>& data_dir);

/// The first folder of search_path() that holds all of `name`'s files, if any does.
std::optional<std::filesystem::path> locate(const std::string& name,
                                            const std::optional<std::filesystem::path>& data_dir);

/// Loads a data set of the catalog: images (N, 1, 28, 28) in ten classes, mean and deviation 0.5,
/// which is the paper's protocol. Throws Error for an unknown name (listing the known ones), for
/// files not found (where it looked, what is missing and how to get it), files that read_idx
/// refuses, images of another size, labels outside 0 to 9, image and label counts that differ, the
/// files of mnist in the place of fashion-mnist or the other way round, and a `data_dir` given for
/// a generated set. Which element of the path is used is in the result's `source`.
DatasetPair load(const std::string& name,
                 const std::optional<std::filesystem::path>& data_dir = {});

}  // namespace plastic::data
