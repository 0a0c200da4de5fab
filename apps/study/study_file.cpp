#include "apps/study/study_file.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>

#include "apps/cli/config_reader.h"
#include "apps/cli/values.h"
#include "apps/runs/text_file.h"

namespace plastic::apps {
namespace {

using Kind = ConfigEntry::Kind;

constexpr std::size_t max_seeds = 10'000;
constexpr int max_trials = 100'000;

/// What the file itself has beside the options, first parts of keys.
const std::vector<std::string>& own_keys() {
  static const std::vector<std::string> keys = {"description", "optimizers", "seeds",
                                                "reference",   "targets",    "tuning",
                                                "search",      "task",       "variant"};
  return keys;
}

/// Empty where an option may stand in a study.
std::string why_not_in_a_study(const Option& option) {
  if (option.name == "seed") return "a study has seeds = [41, 42, 43]";
  if (option.name == "optimizer") {
    return "a study has optimizers = [\"sgd\", \"adam\"], and tables [variant.NAME]";
  }
  if (option.name == "threads") {
    return "each run of a study computes with one thread; plastic study --jobs N says how many run "
           "side by side";
  }
  if (option.name == "keep-best") return "a study keeps numbers, not networks; leave it out";
  if (option.name.starts_with("probe")) {
    return "a study keeps results, not run folders; probe single runs with 'plastic train --probe' "
           "or 'plastic compare --probe'";
  }
  if (option.name == "tensorboard") {
    return "the runs of a study have no folders of their own; leave it out, or train the run to be "
           "looked at with plastic train";
  }
  if (option.effect == Effect::call || !option.take) {
    return "says what is asked of one call of the program; leave it out";
  }
  return "";
}

/// A list has several values of an option, unless one value is a list.
bool is_list_option(const Option& option) { return option.value_name.ends_with(",..."); }

/// What stands before the first dot of `key`, and what after it.
std::pair<std::string, std::string> split(const std::string& key) {
  const std::size_t dot = key.find('.');
  if (dot == std::string::npos) return {key, ""};
  return {key.substr(0, dot), key.substr(dot + 1)};
}

std::string shortened(const std::string& key) {
  return key.size() > 80 ? key.substr(0, 80) + "..." : key;
}

class Reader {
 public:
  explicit Reader(StudyFile& file) : file_(file) {}

  void read(const std::vector<ConfigEntry>& entries) {
    for (const ConfigEntry& entry : entries) read(entry);
    finish();
  }

 private:
  [[noreturn]] void refuse(const ConfigEntry& entry, const std::string& what) const {
    file_.refuse(entry.line, shortened(entry.key), what);
  }

  /// `body`, whose UsageError becomes the entry's.
  template <class Body>
  auto checked(const ConfigEntry& entry, const Body& body) const {
    try {
      return body();
    } catch (const UsageError& error) {
      refuse(entry, error.what());
    }
  }

  void read(const ConfigEntry& entry) {
    const auto [first, rest] = split(entry.key);
    if (first == "variant") return read_variant(entry, rest);
    if (first == "task") return read_task(entry, rest);
    if (first == "search") return read_search(entry, rest);
    if (first == "tuning") return read_tuning(entry, rest);
    if (entry.kind == Kind::empty_table) refuse(entry, "is a table with nothing in it");
    if (entry.key == "description") {
      file_.description = entry.value;
    } else if (entry.key == "optimizers") {
      read_optimizers(entry);
    } else if (entry.key == "seeds") {
      file_.seeds = checked(entry, [&] { return parse_seed_list(parts_of(entry)); });
    } else if (entry.key == "reference") {
      file_.reference = entry.value;
      reference_line_ = entry.line;
    } else if (entry.key == "targets") {
      file_.targets = read_targets(entry);
    } else {
      file_.options.push_back(read_option(entry, entry.key));
    }
  }

  static std::vector<std::string> parts_of(const ConfigEntry& entry) {
    if (entry.kind == Kind::list) return entry.elements;
    return {entry.value};
  }

  void read_optimizers(const ConfigEntry& entry) {
    const auto variants = checked(entry, [&] { return parse_variants(entry.value); });
    for (const Variant& variant : variants) {
      file_.variants.push_back({.variant = variant, .line = entry.line});
    }
  }

  std::vector<double> read_targets(const ConfigEntry& entry) const {
    std::vector<double> targets;
    for (const std::string& part : parts_of(entry)) {
      targets.push_back(checked(entry, [&] {
        return parse_number(
            part, {.low = 0.0, .high = 1.0, .low_included = false, .high_included = true});
      }));
    }
    return targets;
  }

  GridOption read_option(const ConfigEntry& entry, const std::string& name) const {
    const Option* option = find_option(name);
    if (option == nullptr) {
      std::vector<std::string> known =
          option_names([](const Option& one) { return why_not_in_a_study(one).empty(); });
      known.insert(known.end(), own_keys().begin(), own_keys().end());
      const std::string similar = nearest(name, known);
      refuse(entry, "unknown key" + (similar.empty() ? "; the keys are the options of 'plastic "
                                                       "train --help' and " +
                                                           join(own_keys())
                                                     : "; did you mean " + similar + "?"));
    }
    const std::string objection = why_not_in_a_study(*option);
    if (!objection.empty()) refuse(entry, objection);
    if (entry.kind == Kind::empty_table) refuse(entry, "is a table with nothing in it");
    const GridOption grid{
        .option = option, .values = values_of(entry, *option), .line = entry.line};
    if (grid.values.empty()) refuse(entry, "expected a value, got an empty list");
    for (const std::string& value : grid.values) {
      checked(entry, [&] {
        RunOptions scratch;
        option->take(scratch, value);
      });
    }
    return grid;
  }

  /// hidden = [256, 256] is one value; hidden = [[256, 256], [64]] and ["256,256", "64"] are two.
  static std::vector<std::string> values_of(const ConfigEntry& entry, const Option& option) {
    if (entry.kind == Kind::value) return {entry.value};
    const bool has_commas = std::ranges::any_of(entry.elements, [](const std::string& element) {
      return element.find(',') != std::string::npos;
    });
    if (is_list_option(option) && !has_commas && !entry.holds_lists) return {entry.value};
    return entry.elements;
  }

  /// Splits "NAME.OPTION", and checks the name.
  std::pair<std::string, std::string> named(const ConfigEntry& entry,
                                            const std::string& rest) const {
    const auto [name, option] = split(rest);
    const std::string table = split(entry.key).first;
    if (name.empty() || (option.empty() && entry.kind != Kind::empty_table)) {
      refuse(entry, "expected a table [" + table + ".NAME]");
    }
    if (!is_variant_name(name)) {
      refuse(entry, "expected a name of letters, digits, - and _ after '" + table + ".'");
    }
    return {name, option};
  }

  void read_variant(const ConfigEntry& entry, const std::string& rest) {
    const auto [name, option] = named(entry, rest);
    StudyFile::VariantEntry& variant = variant_called(name, entry);
    if (option.empty()) return;
    if (option == "optimizer") {
      variant.variant.optimizer =
          checked(entry, [&] { return parse_choice(entry.value, optimizer_names()); });
      return;
    }
    const GridOption grid = read_option(entry, option);
    if (grid.option->effect != Effect::setting) {
      refuse(entry,
             "decides what is compared, not how it is optimized; give it at the top of the "
             "file, or in a [task.NAME]");
    }
    variant.options.push_back(grid);
  }

  /// One of `optimizers`, or a new one.
  StudyFile::VariantEntry& variant_called(const std::string& name, const ConfigEntry& entry) {
    for (StudyFile::VariantEntry& one : file_.variants) {
      if (one.variant.name == name) return one;
    }
    const std::vector<std::string>& names = optimizer_names();
    const bool is_optimizer = std::ranges::find(names, name) != names.end();
    file_.variants.push_back(
        {.variant = {.name = name, .optimizer = is_optimizer ? name : ""}, .line = entry.line});
    return file_.variants.back();
  }

  void read_task(const ConfigEntry& entry, const std::string& rest) {
    const auto [name, option] = named(entry, rest);
    auto task = std::ranges::find(file_.tasks, name, &StudyFile::Task::name);
    if (task == file_.tasks.end()) {
      file_.tasks.push_back({.name = name, .line = entry.line});
      task = file_.tasks.end() - 1;
    }
    if (option.empty()) return;
    if (option == "targets") {
      task->targets = read_targets(entry);
    } else {
      task->options.push_back(read_option(entry, option));
    }
  }

  void read_tuning(const ConfigEntry& entry, const std::string& key) {
    StudyFile::Tuning& tuning = file_.tuning;
    tuning.line = entry.line;
    const auto only_value = [&]() -> const std::string& {
      if (entry.kind != Kind::value) refuse(entry, "expected one value");
      return entry.value;
    };
    if (key == "trials") {
      tuning.trials = static_cast<int>(
          checked(entry, [&] { return parse_integer(only_value(), 1, max_trials); }));
    } else if (key == "seeds") {
      tuning.seeds = checked(entry, [&] { return parse_seed_list(parts_of(entry)); });
    } else if (key == "sequence") {
      tuning.sequence = checked(entry, [&] { return parse_seed(only_value()); });
    } else if (key == "select") {
      const std::string goal = checked(entry, [&] {
        return parse_choice(only_value(), {"accuracy", "loss"});
      });
      tuning.goal = goal == "loss" ? TuningGoal::loss : TuningGoal::accuracy;
    } else {
      refuse(entry, "unknown key; [tuning] has trials, seeds, select and sequence");
    }
  }

  void read_search(const ConfigEntry& entry, const std::string& rest) {
    const auto [name, option] = named(entry, rest);
    if (option.empty()) refuse(entry, "is a table with nothing in it");
    auto search = std::ranges::find(file_.searches, name, &StudyFile::Search::name);
    if (search == file_.searches.end()) {
      file_.searches.push_back({.name = name, .line = entry.line});
      search = file_.searches.end() - 1;
    }
    SearchDimension dimension = read_dimension(entry, option);
    if (std::ranges::find(search->space, dimension.option, &SearchDimension::option) !=
        search->space.end()) {
      refuse(entry, "is given twice");
    }
    search->space.push_back(std::move(dimension));
  }

  /// "lr.log" = [1e-4, 1e-1], or "lr" = [0.1, 0.2].
  SearchDimension read_dimension(const ConfigEntry& entry, const std::string& rest) const {
    const std::string form =
        "; expected one of { log = [LOW, HIGH] }, { uniform = [LOW, HIGH] }, "
        "{ integer = [LOW, HIGH] }, { integer-log = [LOW, HIGH] } and "
        "{ choices = [...] }";
    if (entry.kind == Kind::empty_table) refuse(entry, "is empty" + form);
    const std::size_t dot = rest.rfind('.');
    const std::vector<std::string>& kinds = search_kind_names();
    const auto kind =
        std::ranges::find(kinds, dot == std::string::npos ? std::string() : rest.substr(dot + 1));
    SearchDimension dimension;
    std::string name = rest;
    if (kind != kinds.end()) {
      name = rest.substr(0, dot);
      dimension.kind = static_cast<SearchDimension::Kind>(kind - kinds.begin());
    } else if (dot != std::string::npos && find_option(rest.substr(0, dot)) != nullptr) {
      refuse(entry, "unknown form " + rest.substr(dot + 1) + form);
    } else if (entry.kind != Kind::list && find_option(rest) != nullptr) {
      refuse(entry, "one value is no search" + form +
                        "; a fixed value belongs into a "
                        "[variant.NAME]");
    }
    const GridOption grid = read_option(entry, name);
    dimension.option = grid.option;
    if (grid.option->effect != Effect::setting) {
      refuse(entry,
             "decides what is compared; only what may differ between the rows of a "
             "comparison can be searched");
    }
    if (dimension.kind == SearchDimension::Kind::choices) {
      dimension.choices = grid.values;
    } else {
      read_bounds(entry, *kind, dimension);
    }
    return dimension;
  }

  void read_bounds(const ConfigEntry& entry, const std::string& kind,
                   SearchDimension& dimension) const {
    using K = SearchDimension::Kind;
    const bool is_log = dimension.kind == K::log || dimension.kind == K::integer_log;
    const bool is_whole = dimension.kind == K::integer || dimension.kind == K::integer_log;
    if (entry.kind != Kind::list || entry.elements.size() != 2) {
      refuse(entry, "expected " + kind + " = [LOW, HIGH]");
    }
    const auto bound = [&](const std::string& text) {
      return checked(entry, [&] {
        constexpr double far = 1e300;
        if (is_whole) return static_cast<double>(parse_integer(text, -(1LL << 53), 1LL << 53));
        return parse_number(text, {.low = -far, .high = far});
      });
    };
    dimension.low = bound(entry.elements[0]);
    dimension.high = bound(entry.elements[1]);
    if (!(dimension.low < dimension.high)) {
      refuse(entry, "expected the lower bound first: " + brief(dimension.low) + " is not below " +
                        brief(dimension.high));
    }
    if (is_log && !(dimension.low > 0.0)) {
      refuse(entry, "a logarithm needs bounds above 0, got " + brief(dimension.low) +
                        "; { choices = [0, ...] } can hold 0");
    }
  }

  void finish() {
    if (file_.variants.empty()) {
      file_.refuse(1, "optimizers", "the file names none; add optimizers = [\"sgd\", \"adam\"]");
    }
    for (const StudyFile::VariantEntry& one : file_.variants) {
      if (!one.variant.optimizer.empty()) continue;
      file_.refuse(one.line, "variant." + one.variant.name,
                   "needs optimizer = NAME, one of " + join(optimizer_names()));
    }
    if (file_.seeds.empty()) {
      file_.refuse(1, "seeds", "the file names none; add seeds = [41, 42, 43]");
    }
    check_twice(file_.options);
    for (const StudyFile::Task& task : file_.tasks) check_twice(task.options);
    for (const StudyFile::VariantEntry& one : file_.variants) check_twice(one.options);
    check_searches();
  }

  /// TOML forbids it in one table, but "np.lr" may be written in two.
  void check_twice(const std::vector<GridOption>& options) const {
    for (std::size_t i = 0; i < options.size(); ++i) {
      for (std::size_t k = 0; k < i; ++k) {
        if (options[i].option != options[k].option) continue;
        file_.refuse(options[i].line, options[i].option->name, "is given twice");
      }
    }
  }

  void check_searches() const {
    for (const StudyFile::Search& search : file_.searches) {
      const std::string key = "search." + search.name;
      const bool is_used = std::ranges::any_of(file_.variants, [&](const auto& one) {
        return one.variant.name == search.name || one.variant.optimizer == search.name;
      });
      if (!is_used) {
        std::vector<std::string> names;
        for (const auto& one : file_.variants) names.push_back(one.variant.name);
        file_.refuse(search.line, key,
                     "no variant is called so or uses this optimizer; there are " + join(names));
      }
      if (file_.tuning.trials == 0) {
        file_.refuse(search.line, key, "needs [tuning] with trials = N, the same for all searches");
      }
    }
    const StudyFile::Tuning& tuning = file_.tuning;
    if (tuning.line == 0) return;
    if (file_.searches.empty()) {
      file_.refuse(tuning.line, "tuning",
                   "nothing is searched; add a table such as [search.sgd] with lr = { log = [1e-3, "
                   "1] }");
    }
    if (tuning.seeds.empty()) {
      file_.refuse(tuning.line, "tuning",
                   "needs seeds = [1] of its own, which the verdict does not use");
    }
    for (const std::uint64_t seed : tuning.seeds) {
      if (std::ranges::find(file_.seeds, seed) == file_.seeds.end()) continue;
      file_.refuse(tuning.line, "tuning.seeds",
                   "seed " + std::to_string(seed) +
                       " is one of the verdict's seeds, too; settings must not be judged by what "
                       "they were chosen on: take others");
    }
  }

  StudyFile& file_;
  int reference_line_ = 0;
};

}  // namespace

void StudyFile::refuse(int line, const std::string& key, const std::string& what) const {
  throw UsageError(path + ": line " + std::to_string(line) + ": " + key + ": " + what);
}

std::vector<std::uint64_t> parse_seed_list(const std::vector<std::string>& parts) {
  std::vector<std::uint64_t> seeds;
  const auto add = [&seeds](std::uint64_t seed) {
    if (std::ranges::find(seeds, seed) != seeds.end()) {
      throw UsageError("seed " + std::to_string(seed) + " is given twice");
    }
    if (seeds.size() == max_seeds) {
      throw UsageError("expected at most " + std::to_string(max_seeds) + " seeds");
    }
    seeds.push_back(seed);
  };
  for (const std::string& list : parts) {
    for (const std::string& part : parse_list(list, false)) {
      const std::size_t dots = part.find("..");
      if (dots == std::string::npos) {
        add(parse_seed(part));
        continue;
      }
      const std::uint64_t first = parse_seed(part.substr(0, dots));
      const std::uint64_t last = parse_seed(part.substr(dots + 2));
      if (last < first) throw UsageError("expected FIRST..LAST, got '" + part + "'");
      for (std::uint64_t seed = first; seed <= last; ++seed) add(seed);
    }
  }
  return seeds;
}

StudyFile parse_study_file(const std::string& path, std::string_view text) {
  StudyFile file;
  file.path = path;
  file.text = text;
  Reader(file).read(parse_config(path, text, ConfigForm::study));
  return file;
}

StudyFile read_study_file(const std::filesystem::path& path) {
  return parse_study_file(path.string(), read_text("study", path));
}

}  // namespace plastic::apps
