#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "apps/cli/run_options.h"
#include "plastic/data/dataset.h"

namespace plastic::apps {

/// The data sets of a study's tasks, each read once.
class StudyData {
 public:
  /// `data_dir` goes before what the file says.
  explicit StudyData(std::optional<std::filesystem::path> data_dir)
      : data_dir_(std::move(data_dir)) {}
  const data::DatasetPair& of(const RunOptions& options);
  /// As StudyRun::images has it.
  const std::string& images_of(const RunOptions& options);

 private:
  struct Set {
    data::DatasetPair data;
    std::string images;
  };
  const Set& set_of(const RunOptions& options);

  std::optional<std::filesystem::path> data_dir_;
  std::map<std::string, Set> sets_;
};

}  // namespace plastic::apps
