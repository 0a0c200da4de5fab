#pragma once

#include <filesystem>
#include <initializer_list>
#include <string>
#include <vector>

namespace plastic::data {

/// The files of a data set, as far as one folder has them.
struct FoundFiles {
  /// One for each file looked for, empty where there is none.
  std::vector<std::filesystem::path> paths;
  /// The names of those that are missing.
  std::vector<std::string> missing;

  bool complete() const { return missing.empty(); }
  bool none() const { return missing.size() == paths.size(); }
};

/// Adds the first of `spellings` that `folder` has, each also with .gz or .xz added, to `found`; or
/// the first spelling to what is missing.
void find_file(const std::filesystem::path& folder, std::initializer_list<std::string> spellings,
               FoundFiles& found);

}  // namespace plastic::data
