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

/// The folders in which load() looks for `name`'s files, in order: `data_dir` alone (itself and its
/// subfolder `name`) if given; else $PLASTIC_DATA, ~/.cache/plastic and the system's folders.
std::vector<std::filesystem::path> search_path(
    const std::string& name, const std::optional<std::filesystem::path>& data_dir);

/// The folder that holds all of `name`'s files, if any does.
std::optional<std::filesystem::path> locate(const std::string& name,
                                            const std::optional<std::filesystem::path>& data_dir);

/// Loads a data set of the catalog. Throws Error for an unknown name (listing the known ones), for
/// files not found (where it looked and how to get them), unreadable files, and image and label
/// counts that differ.
DatasetPair load(const std::string& name,
                 const std::optional<std::filesystem::path>& data_dir = {});

}  // namespace plastic::data
