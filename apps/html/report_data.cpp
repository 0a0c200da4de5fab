#include "apps/html/report_data.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>
#include <system_error>

#include "apps/config_reader.h"
#include "apps/text_file.h"
#include "apps/values.h"
#include "core/check.h"
#include "core/text.h"

namespace plastic::apps {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr const char* metrics_name = "metrics.jsonl";

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

fs::path canonical_folder(const fs::path& folder) {
  std::error_code error;
  fs::path path = fs::canonical(folder, error);
  if (error)
    fail("report", folder.string(), ": cannot open this folder: ", system_text(error.value()));
  if (!fs::is_directory(path, error)) {
    fail("report", folder.string(), ": expected the folder of a run, found a file");
  }
  return path;
}

bool is_run(const fs::path& folder) {
  return is_there(folder / metrics_name) || is_there(divergence_path(folder));
}

// The folders of runs in `folder`, by name.
std::vector<fs::path> run_folders(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    if (is_run(entry->path())) found.push_back(entry->path());
  }
  if (error)
    fail("report", folder.string(), ": cannot read this folder: ", system_text(error.value()));
  std::sort(found.begin(), found.end());
  return found;
}

std::optional<std::uint64_t> to_seed(const std::string& text) {
  std::uint64_t seed = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, seed);
  if (text.empty() || error != std::errc() || stop != end) return std::nullopt;
  return seed;
}

// The settings in a run's config.toml. What is wrong with it is no fault of this command line.
std::vector<ConfigEntry> read_settings(const fs::path& path) {
  try {
    return parse_config(path.string(), read_text("report", path));
  } catch (const UsageError& error) {
    fail("report", error.what());
  }
}

// Options that do not tell two kinds of runs apart.
bool is_about_the_place(const std::string& option) {
  constexpr std::string_view names[] = {"seed",   "out",      "overwrite",
                                        "resume", "data-dir", "prefetch"};
  return std::find(std::begin(names), std::end(names), option) != std::end(names);
}

// What `compare` calls the folder of a run: OPTIMIZER-seed-N.
std::optional<std::pair<std::string, std::uint64_t>> named_run(const fs::path& folder) {
  const std::string name = folder.filename().string();
  const std::string middle = "-seed-";
  const std::size_t at = name.rfind(middle);
  if (at == std::string::npos || at == 0) return std::nullopt;
  const std::optional<std::uint64_t> seed = to_seed(name.substr(at + middle.size()));
  if (!seed) return std::nullopt;
  return std::pair{name.substr(0, at), *seed};
}

std::string as_text(const ordered_json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_array()) return value.dump();
  std::string text;
  for (const ordered_json& part : value) text += (text.empty() ? "" : ", ") + as_text(part);
  return text;
}

bool is_plain(const ordered_json& value) {
  return value.is_primitive() ||
         (value.is_array() && std::all_of(value.begin(), value.end(), [](const ordered_json& part) {
            return part.is_primitive();
          }));
}

// The content of compare.json, or an empty object.
ordered_json read_comparison(const fs::path& folder) {
  const fs::path path = folder / "compare.json";
  if (!is_there(path)) return ordered_json::object();
  const std::string text = read_text("report", path);
  try {
    ordered_json json = ordered_json::parse(text);
    if (json.is_object()) return json;
  } catch (const ordered_json::parse_error& error) {
    const std::string before = text.substr(0, error.byte);
    fail("report", path.string(), ", line ", 1 + std::count(before.begin(), before.end(), '\n'),
         ": this is not JSON; run the comparison again, or remove the file");
  }
  fail("report", path.string(), ", line 1: expected an object");
}

// False for what an earlier comparison left in the folder of this one.
bool is_part_of(const ordered_json& comparison, const fs::path& run) {
  const auto named = named_run(run);
  const auto seeds = comparison.find("seeds");
  const auto settings = comparison.find("settings");
  if (seeds == comparison.end() || settings == comparison.end()) return true;
  return named && settings->contains(named->first) &&
         std::find(seeds->begin(), seeds->end(), ordered_json(named->second)) != seeds->end();
}

// Gathers runs into groups; a group's key tells it from others of the same name.
class Gatherer {
 public:
  void add_folder(const fs::path& given) {
    const fs::path folder = canonical_folder(given);
    if (!seen_.insert(folder).second) return;
    if (title_.empty()) title_ = folder.filename().string();
    if (is_run(folder)) {
      add_single(folder);
      return;
    }
    const std::vector<fs::path> runs = run_folders(folder);
    if (runs.empty()) {
      fail("report", given.string(), ": no ", metrics_name,
           " here or in a folder below; name a folder that 'plastic train' or 'plastic compare' "
           "wrote with --out");
    }
    const ordered_json comparison = read_comparison(folder);
    add_source(folder, comparison);
    order_groups(folder, comparison);
    for (const fs::path& run : runs) {
      if (is_part_of(comparison, run) && seen_.insert(run).second) add_run(run);
    }
  }

  ReportData take() {
    ReportData data{.title = title_, .groups = {}, .sources = std::move(sources_)};
    for (Group& group : groups_) {
      if (!group.content.runs.empty()) data.groups.push_back(std::move(group.content));
    }
    for (ReportGroup& group : data.groups) {
      std::sort(group.runs.begin(), group.runs.end(),
                [](const ReportRun& a, const ReportRun& b) { return a.seed < b.seed; });
    }
    make_names_unique(data.groups);
    return data;
  }

 private:
  struct Group {
    std::string key;
    ReportGroup content;
  };

  ReportGroup& group(const std::string& key, const std::string& name) {
    const auto found = std::find_if(groups_.begin(), groups_.end(),
                                    [&key](const Group& other) { return other.key == key; });
    if (found != groups_.end()) return found->content;
    groups_.push_back({.key = key, .content = {.name = name, .settings = {}, .runs = {}}});
    return groups_.back().content;
  }

  static std::string key_of(const fs::path& comparison, const std::string& optimizer) {
    return "compare " + comparison.string() + "/" + optimizer;
  }

  // The groups of a comparison in its order, whether or not their runs are there.
  void order_groups(const fs::path& folder, const ordered_json& comparison) {
    const ordered_json settings = comparison.value("settings", ordered_json::object());
    if (!settings.is_object()) return;
    for (const auto& [name, text] : settings.items()) {
      group(key_of(folder, name), name).settings = as_text(text);
    }
  }

  void add_source(const fs::path& folder, const ordered_json& comparison) {
    ReportSource source{.folder = folder, .facts = {}, .config = {}};
    if (const auto data = comparison.find("data"); data != comparison.end()) {
      title_ = as_text(*data);
    }
    for (const auto& [name, value] : comparison.items()) {
      if (is_plain(value) && name != "conclusion") source.facts.emplace_back(name, as_text(value));
    }
    const fs::path config = folder / "config.toml";
    if (is_there(config)) source.config = read_text("report", config);
    if (!source.facts.empty() || !source.config.empty()) sources_.push_back(std::move(source));
  }

  void add_single(const fs::path& folder) {
    add_source(folder, ordered_json::object());
    add_run(folder);
  }

  void add_run(const fs::path& folder) {
    ReportRun run{.folder = folder,
                  .seed = {},
                  .epochs = {},
                  .divergence = load_divergence("report", folder)};
    // A run that diverged in its first epoch has no metrics.
    if (!run.divergence || is_there(folder / metrics_name)) {
      run.epochs = read_metrics(folder / metrics_name);
    }
    std::string key = "folder " + folder.string();
    std::string name = folder.filename().string();
    const fs::path config = folder / "config.toml";
    if (const auto named = named_run(folder)) {
      name = named->first;
      run.seed = named->second;
      key = key_of(folder.parent_path(), name);
    } else if (is_there(config)) {
      key = "config";
      for (const ConfigEntry& entry : read_settings(config)) {
        if (entry.key == "seed") run.seed = to_seed(entry.value);
        if (entry.key == "optimizer") name = entry.value;
        if (!is_about_the_place(entry.key)) key += "\n" + entry.key + "=" + entry.value;
      }
      if (!run.seed) key += "\n" + folder.string();
    }
    ReportGroup& home = group(key, name);
    for (const ReportRun& other : home.runs) {
      if (other.seed == run.seed) {
        fail("report", other.folder.string(), " and ", folder.string(), ": both are ", name,
             " with seed ", run.seed.value_or(0), " and the same settings; name one of them");
      }
    }
    home.runs.push_back(std::move(run));
  }

  static void make_names_unique(std::vector<ReportGroup>& groups) {
    std::map<std::string, int> count;
    for (const ReportGroup& group : groups) ++count[group.name];
    std::set<std::string> taken;
    for (ReportGroup& group : groups) {
      if (count[group.name] > 1) {
        const fs::path& first = group.runs.front().folder;
        const fs::path where = named_run(first) ? first.parent_path() : first;
        group.name += " (" + where.filename().string() + ")";
        if (taken.count(group.name) > 0) group.name += " " + where.string();
      }
      taken.insert(group.name);
    }
  }

  std::set<fs::path> seen_;
  std::string title_;
  std::vector<Group> groups_;
  std::vector<ReportSource> sources_;
};

}  // namespace

ReportData read_runs(const std::vector<fs::path>& folders) {
  Gatherer gatherer;
  for (const fs::path& folder : folders) gatherer.add_folder(folder);
  return gatherer.take();
}

}  // namespace plastic::apps
