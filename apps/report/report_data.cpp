#include "apps/report/report_data.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <system_error>

#include "apps/cli/values.h"
#include "apps/report/comparison_reader.h"
#include "apps/report/report_labels.h"
#include "apps/report/run_facts.h"
#include "apps/runs/run_file_names.h"
#include "apps/runs/text_file.h"
#include "core/check.h"
#include "core/text.h"

namespace plastic::apps {
namespace {

namespace fs = std::filesystem;

constexpr const char* what_to_name =
    "; name a folder that 'plastic train' or 'plastic compare' wrote with --out";

// Folders below the one that is named in which runs are looked for.
constexpr int deepest = 4;

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

bool is_run(const fs::path& folder) {
  return is_there(folder / metrics_file) || is_there(divergence_path(folder));
}

fs::path canonical_folder(const fs::path& folder) {
  std::error_code error;
  fs::path path = fs::canonical(folder, error);
  if (error) {
    fail("report", folder.string(), ": cannot open this folder: ", system_text(error.value()));
  }
  if (!fs::is_directory(path, error)) {
    fail("report", folder.string(), ": expected the folder of a run, found a file");
  }
  return path;
}

// The folders in `folder`, by name, as the links in it lead to them.
std::vector<fs::path> folders_in(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code ignored;
    if (entry->is_directory(ignored)) found.push_back(entry->path());
  }
  if (error) {
    fail("report", folder.string(), ": cannot read this folder: ", system_text(error.value()));
  }
  std::sort(found.begin(), found.end());
  return found;
}

// What `compare` calls the folder of a run: NAME-seed-N.
struct RunName {
  std::string name;
  std::uint64_t seed = 0;
};

std::optional<RunName> named_run(const fs::path& folder) {
  const std::string name = folder.filename().string();
  const std::string middle = "-seed-";
  const std::size_t at = name.rfind(middle);
  if (at == std::string::npos || at == 0) return std::nullopt;
  RunName run{.name = name.substr(0, at)};
  const char* begin = name.data() + at + middle.size();
  const char* end = name.data() + name.size();
  const auto [stop, error] = std::from_chars(begin, end, run.seed);
  if (begin == end || error != std::errc() || stop != end) return std::nullopt;
  return run;
}

// Whether the run is one that compare.json lists, and not what an earlier comparison left.
bool is_listed(const ListedComparison& comparison, const fs::path& run) {
  if (!comparison.rows && !comparison.seeds) return true;
  const std::optional<RunName> named = named_run(run);
  if (!named) return false;
  const bool has_row =
      !comparison.rows || std::ranges::find(*comparison.rows, named->name,
                                            &ListedComparison::Row::name) != comparison.rows->end();
  const bool has_seed = !comparison.seeds || std::ranges::find(*comparison.seeds, named->seed) !=
                                                 comparison.seeds->end();
  return has_row && has_seed;
}

// Whether its last epochs brought nothing better, which is a regular end.
bool stopped_early(const std::vector<EpochRecord>& epochs, int patience) {
  if (patience == 0 || epochs.empty()) return false;
  const auto best = chosen_epoch(epochs);
  return epochs.back().epoch - best->epoch >= patience;
}

RunEnd end_of(const ReportRun& run, const RunFacts& facts) {
  if (run.divergence) return RunEnd::diverged;
  const int done = run.epochs.empty() ? 0 : run.epochs.back().epoch;
  const bool is_whole = done >= facts.epochs || stopped_early(run.epochs, facts.early_stopping);
  return is_whole ? RunEnd::finished : RunEnd::unfinished;
}

// A run with what decides where it is shown.
struct LoadedRun {
  ReportRun run;
  RunFacts facts;
};

LoadedRun load_run(const fs::path& folder, const ListedComparison* comparison) {
  LoadedRun loaded;
  const fs::path config = folder / config_file;
  const bool has_config = is_there(config);
  if (has_config) {
    loaded.facts = facts_of_config(config);
  } else if (comparison != nullptr) {
    loaded.facts = facts_of_comparison(*comparison);
  }
  ReportRun& run = loaded.run;
  run.folder = folder;
  run.divergence = load_divergence("report", folder);
  // A run that diverged in its first epoch has no metrics.
  if (!run.divergence || is_there(folder / metrics_file)) {
    run.epochs = read_metrics(folder / metrics_file);
  }
  run.planned_epochs = loaded.facts.epochs;
  run.end = end_of(run, loaded.facts);
  run.seed = loaded.facts.seed;
  const std::optional<RunName> named = named_run(folder);
  if (named && (comparison != nullptr || !has_config)) run.seed = named->seed;
  if (loaded.facts.epochs == 0 && !run.epochs.empty()) {
    loaded.facts.conditions.emplace_back("epochs", std::to_string(run.epochs.back().epoch));
  }
  return loaded;
}

std::string key_of(const Settings& settings) {
  std::string key;
  for (const auto& [name, value] : settings) key += name + "=" + value + "\n";
  return key;
}

std::string conditions_key(const RunFacts& facts) { return key_of(facts.conditions) + facts.place; }

// Gathers runs into groups, and groups into tables.
class Gatherer {
 public:
  void add(const fs::path& given) {
    if (is_report(given)) {
      remarks_.push_back("Passed over: " + given.filename().string() + " is a report itself.");
      return;
    }
    const fs::path folder = canonical_folder(given);
    if (title_.empty()) title_ = folder.filename().string();
    met_ = false;
    left_out_.clear();
    if (is_run(folder)) {
      add_single(folder);
    } else {
      add_home(folder, deepest);
    }
    if (!met_) refuse(given);
  }

  ReportData take() {
    ReportData data{.title = {}, .tables = {}, .sources = {}, .remarks = std::move(remarks_)};
    std::vector<std::string> titles;
    for (Table& table : tables_) {
      for (Group& group : table.groups) {
        std::ranges::sort(group.content.runs, {}, &ReportRun::seed);
        table.content.groups.push_back(std::move(group.content));
      }
      label_groups(table.content.groups);
      const std::string& name = table.content.data;
      if (!name.empty() && std::ranges::find(titles, name) == titles.end()) titles.push_back(name);
      data.tables.push_back(std::move(table.content));
    }
    data.title = titles.empty() ? title_ : join(titles);
    data.sources = named_sources(sources_);
    return data;
  }

  bool is_empty() const { return tables_.empty(); }

 private:
  struct Group {
    std::string key;
    ReportGroup content;
  };
  struct Table {
    std::string key;
    ReportTable content;
    std::vector<Group> groups;
  };

  Table& table(const RunFacts& facts) {
    const std::string key = conditions_key(facts);
    const auto found = std::ranges::find(tables_, key, &Table::key);
    if (found != tables_.end()) return *found;
    tables_.push_back({.key = key,
                       .content = {.data = data_text(facts.conditions),
                                   .conditions = conditions_text(facts.conditions),
                                   .groups = {}},
                       .groups = {}});
    return tables_.back();
  }

  static ReportGroup& group(Table& table, const std::string& key, const ReportGroup& content) {
    const auto found = std::ranges::find(table.groups, key, &Group::key);
    if (found != table.groups.end()) return found->content;
    table.groups.push_back({.key = key, .content = content});
    return table.groups.back().content;
  }

  [[noreturn]] void refuse(const fs::path& given) const {
    if (is_there(given / config_file)) {
      fail("report", given.string(), ": no ", metrics_file,
           " here: the run has not done one epoch");
    }
    if (!left_out_.empty()) {
      fail("report", given.string(), ": ", comparison_file,
           " lists none of the runs here, which are ", join(left_out_),
           "; give them the names NAME-seed-N that it lists, or remove it");
    }
    if (is_there(given / comparison_file)) {
      fail("report", given.string(), ": no run has done an epoch; continue the comparison");
    }
    fail("report", given.string(), ": no ", metrics_file, " here or in a folder below",
         what_to_name);
  }

  bool is_new(const fs::path& folder) {
    std::error_code error;
    const fs::path canonical = fs::canonical(folder, error);
    const bool is_new = seen_.insert(error ? folder : canonical).second;
    met_ = true;
    return is_new;
  }

  void add_single(const fs::path& folder) {
    if (!is_new(folder)) return;
    add_run(load_run(folder, nullptr));
    const fs::path config = folder / config_file;
    if (is_there(config)) {
      sources_.push_back({.folder = folder, .facts = {}, .config = shown_config(config)});
    }
  }

  void add_home(const fs::path& home, int depth) {
    if (is_there(home / comparison_file)) {
      add_comparison(home);
      return;
    }
    for (const fs::path& folder : folders_in(home)) {
      if (is_run(folder)) {
        add_single(folder);
      } else if (depth > 1) {
        add_home(folder, depth - 1);
      }
    }
  }

  void add_comparison(const fs::path& home) {
    const ListedComparison comparison = read_comparison(home / comparison_file);
    std::vector<LoadedRun> runs;
    std::vector<std::string> others;
    for (const fs::path& folder : folders_in(home)) {
      if (!is_run(folder)) continue;
      if (!is_listed(comparison, folder)) {
        others.push_back(folder.filename().string());
        left_out_.push_back(others.back());
      } else if (is_new(folder)) {
        runs.push_back(load_run(folder, &comparison));
      }
    }
    if (!others.empty()) {
      remarks_.push_back("Left out of " + home.filename().string() + ", as its " + comparison_file +
                         " does not list them: " + join(others) + ".");
    }
    if (runs.empty()) return;
    add_rows(home, comparison, std::move(runs));
    Source source{.folder = home, .facts = {}, .config = {}};
    for (const auto& [name, value] : comparison.facts) {
      if (name == "note") {
        remarks_.push_back(value);
      } else if (name != "conclusion") {
        source.facts.emplace_back(name, without_place(value));
      }
    }
    sources_.push_back(std::move(source));
  }

  // In the comparison's order; rows without a run stand where the others are.
  void add_rows(const fs::path& home, const ListedComparison& comparison,
                std::vector<LoadedRun> runs) {
    const RunFacts common = runs.front().facts;
    const std::size_t planned = comparison.seeds ? comparison.seeds->size() : 0;
    for (const ListedComparison::Row& row : comparison.rows.value_or(rows_of(runs))) {
      ReportGroup content{
          .name = row.name, .optimizer = row.optimizer, .description = row.settings};
      const std::string key = "compare " + home.string() + "/" + row.name + "\n";
      bool has_runs = false;
      for (LoadedRun& loaded : runs) {
        const std::optional<RunName> named = named_run(loaded.run.folder);
        const std::string name = named ? named->name : loaded.run.folder.filename().string();
        if (name != row.name) continue;
        content.settings = loaded.facts.settings;
        ReportGroup& home_group =
            group(table(loaded.facts), key + key_of(loaded.facts.settings), content);
        add_to(home_group, loaded.run);
        home_group.planned = std::max(home_group.planned, has_runs ? 0 : planned);
        has_runs = true;
      }
      if (!has_runs) group(table(common), key, content).planned = planned;
    }
  }

  // Where compare.json says nothing of rows: those that are there.
  static std::vector<ListedComparison::Row> rows_of(const std::vector<LoadedRun>& runs) {
    std::vector<ListedComparison::Row> rows;
    for (const LoadedRun& loaded : runs) {
      const std::optional<RunName> named = named_run(loaded.run.folder);
      const std::string name = named ? named->name : loaded.run.folder.filename().string();
      if (std::ranges::find(rows, name, &ListedComparison::Row::name) != rows.end()) continue;
      rows.push_back({.name = name, .optimizer = name, .settings = {}});
    }
    return rows;
  }

  void add_run(LoadedRun loaded) {
    const fs::path& folder = loaded.run.folder;
    const RunFacts& facts = loaded.facts;
    const std::optional<RunName> named = named_run(folder);
    ReportGroup content{.name = facts.optimizer, .optimizer = facts.optimizer};
    std::string key = "settings " + facts.optimizer + "\n" + key_of(facts.settings);
    if (facts.optimizer.empty()) {
      content.name = named ? named->name : folder.filename().string();
      content.optimizer = content.name;
      key = "folder " + (named ? folder.parent_path() / named->name : folder).string();
    } else {
      content.description = settings_text(facts.optimizer, facts.settings);
      content.settings = facts.settings;
    }
    if (!loaded.run.seed) key += "\n" + folder.string();
    add_to(group(table(facts), key, content), loaded.run);
  }

  static void add_to(ReportGroup& group, const ReportRun& run) {
    for (const ReportRun& other : group.runs) {
      if (run.seed && other.seed == run.seed) {
        fail("report", other.folder.string(), " and ", run.folder.string(), ": both are ",
             group.name, " with seed ", *run.seed, " and the same settings; name one of them");
      }
    }
    group.runs.push_back(run);
  }

  std::set<fs::path> seen_;
  // Whether the folder that was named last has a run, new or not.
  bool met_ = false;
  // Runs in it that its compare.json does not list.
  std::vector<std::string> left_out_;
  std::string title_;
  std::vector<Table> tables_;
  std::vector<Source> sources_;
  std::vector<std::string> remarks_;
};

}  // namespace

ReportData read_runs(const std::vector<fs::path>& folders) {
  Gatherer gatherer;
  for (const fs::path& folder : folders) gatherer.add(folder);
  if (gatherer.is_empty()) {
    fail("report", folders.empty() ? "no folder" : folders.front().string(),
         ": there is no run to show", what_to_name);
  }
  return gatherer.take();
}

bool is_report(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored) &&
         read_text("report", path).find("content=\"plastic report\"") != std::string::npos;
}

}  // namespace plastic::apps
