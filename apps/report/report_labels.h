#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "apps/report/report_data.h"

namespace plastic::apps {

/// Gives the groups of a table labels that differ: the name, then the optimizer and what differs
/// among the groups of it, then the folder, then a number, as far as it takes.
void label_groups(std::vector<ReportGroup>& groups);

/// A source with the folder that it is of.
struct Source {
  std::filesystem::path folder;
  std::vector<std::pair<std::string, std::string>> facts;
  std::string config;
};

/// Calls sources by as much of their folders' ends as tells them apart.
std::vector<ReportSource> named_sources(const std::vector<Source>& sources);

}  // namespace plastic::apps
