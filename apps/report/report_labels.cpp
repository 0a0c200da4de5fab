#include "apps/report/report_labels.h"

#include <algorithm>
#include <map>
#include <set>

#include "apps/cli/values.h"
#include "apps/training/optimizer_options.h"

namespace plastic::apps {
namespace {

namespace fs = std::filesystem;

std::map<std::string, int> count_labels(const std::vector<ReportGroup>& groups) {
  std::map<std::string, int> counts;
  for (const ReportGroup& group : groups) ++counts[group.label];
  return counts;
}

// The folder that a group's runs lie in, or the only one's own.
std::string folder_of(const ReportGroup& group) {
  if (group.runs.empty()) return "";
  const fs::path& first = group.runs.front().folder;
  return (group.runs.size() > 1 ? first.parent_path() : first).filename().string();
}

// The last `count` names of a path.
std::string end_of(const fs::path& path, std::ptrdiff_t count) {
  fs::path end;
  const auto size = std::distance(path.begin(), path.end());
  auto part = path.begin();
  std::advance(part, std::max<std::ptrdiff_t>(size - count, 0));
  for (; part != path.end(); ++part) {
    if (*part != path.root_path()) end /= *part;
  }
  return end.string();
}

}  // namespace

void label_groups(std::vector<ReportGroup>& groups) {
  std::map<std::string, std::vector<std::size_t>> by_optimizer;
  for (std::size_t i = 0; i < groups.size(); ++i) by_optimizer[groups[i].optimizer].push_back(i);
  for (const auto& [optimizer, members] : by_optimizer) {
    std::vector<Settings> all;
    std::vector<std::size_t> known;
    for (const std::size_t i : members) {
      if (groups[i].settings.empty()) continue;
      known.push_back(i);
      all.push_back(with_short_names(effective_settings(optimizer, groups[i].settings)));
    }
    const std::vector<std::string> differing = differences(all);
    for (const std::size_t i : members) {
      std::vector<std::string> parts;
      if (groups[i].name != optimizer) parts.push_back(optimizer);
      const auto place = std::ranges::find(known, i);
      const std::string& text =
          place == known.end() ? "" : differing[static_cast<std::size_t>(place - known.begin())];
      if (!text.empty()) parts.push_back(text);
      groups[i].label = groups[i].name + (parts.empty() ? "" : " (" + join(parts) + ")");
    }
  }
  std::map<std::string, int> counts = count_labels(groups);
  for (ReportGroup& group : groups) {
    const std::string folder = folder_of(group);
    if (counts[group.label] > 1 && !folder.empty()) group.label += " (" + folder + ")";
  }
  counts = count_labels(groups);
  std::map<std::string, int> number;
  std::set<std::string> taken;
  for (ReportGroup& group : groups) {
    const std::string base = group.label;
    while (counts[base] > 1 || taken.contains(group.label)) {
      group.label = base + " #" + std::to_string(++number[base]);
      if (!taken.contains(group.label)) break;
    }
    taken.insert(group.label);
  }
}

std::vector<ReportSource> named_sources(const std::vector<Source>& sources) {
  // Never the whole path: it says whose machine it was.
  constexpr std::ptrdiff_t longest = 3;
  std::map<std::string, int> counts;
  for (const Source& source : sources) {
    std::set<std::string> ends;
    for (std::ptrdiff_t length = 1; length <= longest; ++length) {
      ends.insert(end_of(source.folder, length));
    }
    for (const std::string& end : ends) ++counts[end];
  }
  std::vector<ReportSource> named;
  for (const Source& source : sources) {
    const auto names = std::distance(source.folder.begin(), source.folder.end());
    std::ptrdiff_t length = 1;
    while (counts[end_of(source.folder, length)] > 1 && length < std::min(names - 2, longest)) {
      ++length;
    }
    named.push_back(
        {.name = end_of(source.folder, length), .facts = source.facts, .config = source.config});
  }
  return named;
}

}  // namespace plastic::apps
