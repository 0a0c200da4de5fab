#include "apps/study/study_plan.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "apps/cli/values.h"
#include "apps/study/study_run_json.h"
#include "apps/training/schedules.h"
#include "plastic/core/error.h"

namespace plastic::apps {
namespace {

constexpr std::size_t max_cells = 100'000;

// All combinations of the values, the last option's changing first.
std::vector<std::vector<GivenOption>> combinations(const std::vector<GridOption>& grid) {
  std::vector<std::vector<GivenOption>> all = {{}};
  for (const GridOption& one : grid) {
    std::vector<std::vector<GivenOption>> longer;
    for (const std::vector<GivenOption>& begun : all) {
      for (const std::string& value : one.values) {
        longer.push_back(begun);
        longer.back().push_back({.option = one.option, .value = value, .line = one.line});
      }
    }
    all = std::move(longer);
    if (all.size() > max_cells) {
      throw UsageError("the grid has more than " + std::to_string(max_cells) + " cells");
    }
  }
  return all;
}

bool is_given(const std::vector<GridOption>& options, const Option* option) {
  return std::ranges::find(options, option, &GridOption::option) != options.end();
}

const std::string* value_in(const Settings& settings, const std::string& name) {
  const auto found = std::ranges::find(settings, name, &Settings::value_type::first);
  return found == settings.end() ? nullptr : &found->second;
}

std::string value_of(const std::vector<GivenOption>& options, const std::string& name,
                     const std::string& otherwise) {
  for (const GivenOption& one : options) {
    if (one.option->name == name) return one.value;
  }
  return otherwise;
}

/// What decides a run besides its optimizer's options, by the options' names.
Settings settings_beside_optimizer(const RunOptions& options) {
  Settings all;
  for (const Option& option : option_table()) {
    const bool decides = option.effect == Effect::condition || option.effect == Effect::setting;
    if (!decides || !option.print || option.of_optimizer != nullptr) continue;
    // The run has a place of its own for it.
    if (option.name == "optimizer") continue;
    const std::string value = plain_text(option.print(options));
    if (!value.empty()) all.emplace_back(option.name, value);
  }
  return all;
}

/// Those that have different values, or are in one only.
std::vector<std::string> differing_names(const Settings& one, const Settings& other) {
  std::vector<std::string> names;
  for (const auto& [name, value] : one) {
    const std::string* there = value_in(other, name);
    if (there == nullptr || *there != value) names.push_back(name);
  }
  for (const auto& [name, value] : other) {
    if (value_in(one, name) == nullptr) names.push_back(name);
  }
  return names;
}

}  // namespace

StudyPlan::StudyPlan(StudyFile file) : file_(std::move(file)) {
  try {
    make_variants();
    make_tasks();
  } catch (const UsageError& error) {
    const std::string what = error.what();
    throw UsageError(what.starts_with(file_.path) ? what : file_.path + ": " + what);
  }
  check_given();
  make_runs();
  find_conditions();
}

void StudyPlan::make_variants() {
  for (const StudyFile::VariantEntry& entry : file_.variants) {
    const OptimizerEntry& optimizer = find_optimizer(entry.variant.optimizer);
    std::vector<GridOption> grid;
    // An optimizer's option that has several values for all makes rows of each.
    for (const GridOption& one : file_.options) {
      const OptimizerOption* option = one.option->of_optimizer;
      const bool concerns = option != nullptr && option->applies_to(optimizer);
      if (concerns && one.values.size() > 1 && !is_given(entry.options, one.option)) {
        grid.push_back(one);
      }
    }
    grid.insert(grid.end(), entry.options.begin(), entry.options.end());
    SearchSpace space;
    for (const StudyFile::Search& search : file_.searches) {
      if (search.name == entry.variant.optimizer) space = search.space;
    }
    for (const StudyFile::Search& search : file_.searches) {
      if (search.name == entry.variant.name) space = search.space;
    }
    for (const std::vector<GivenOption>& options : combinations(grid)) {
      StudyVariant variant{.name = entry.variant.name,
                           .optimizer = entry.variant.optimizer,
                           .options = options,
                           .space = space};
      for (const GridOption& one : grid) {
        if (one.values.size() == 1) continue;
        const std::string& name = one.option->name;
        variant.name += " " + (name.starts_with("np.") ? name.substr(3) : name) + "=" +
                        value_of(options, name, "");
      }
      if (std::ranges::find(variants_, variant.name, &StudyVariant::name) != variants_.end()) {
        file_.refuse(entry.line, entry.variant.name,
                     "there are two variants '" + variant.name + "'");
      }
      variants_.push_back(std::move(variant));
    }
  }
  if (file_.reference.empty()) return;
  const auto found = std::ranges::find(variants_, file_.reference, &StudyVariant::name);
  if (found == variants_.end()) {
    std::vector<std::string> names;
    for (const StudyVariant& one : variants_) names.push_back(one.name);
    throw UsageError("reference: no variant is called " + file_.reference + "; there are " +
                     join(names));
  }
  reference_ = static_cast<std::size_t>(found - variants_.begin());
}

void StudyPlan::make_tasks() {
  std::vector<StudyFile::Task> tasks = file_.tasks;
  if (tasks.empty()) tasks.push_back({.name = ""});
  for (const StudyFile::Task& task : tasks) {
    std::vector<GridOption> grid;
    for (const GridOption& one : file_.options) {
      const bool makes_rows = one.option->of_optimizer != nullptr && one.values.size() > 1;
      if (!makes_rows && !is_given(task.options, one.option)) grid.push_back(one);
    }
    grid.insert(grid.end(), task.options.begin(), task.options.end());
    for (const GridOption& one : grid) {
      if (one.values.size() == 1 || one.option->print) continue;
      file_.refuse(one.line, one.option->name, "takes one value, not a list");
    }
    for (std::vector<GivenOption>& options : combinations(grid)) {
      std::string name = task_name(task, options);
      for (const StudyTask& other : tasks_) {
        if (other.name == name) {
          if (task.name.empty())
            throw UsageError("a list holds a value twice: there are two tasks '" + name + "'");
          file_.refuse(task.line, "task." + task.name, "there are two tasks '" + name + "'");
        }
      }
      tasks_.push_back({.name = std::move(name),
                        .options = std::move(options),
                        .targets = task.targets.empty() ? file_.targets : task.targets});
    }
  }
}

// "fashion-mnist mlp, fraction 0.1": what is trained on what, and the conditions that the file
// names; or the task's own name and what its grid varies.
std::string StudyPlan::task_name(const StudyFile::Task& task,
                                 const std::vector<GivenOption>& options) const {
  const RunOptions usual;
  const std::string data = value_of(options, "data", usual.data);
  const std::string model = value_of(options, "model", usual.run.model);
  std::string name = task.name.empty() ? data + " " + model : task.name;
  for (const GivenOption& one : options) {
    const bool is_varied = [&] {
      for (const auto* all : {&task.options, &file_.options}) {
        const auto found = std::ranges::find(*all, one.option, &GridOption::option);
        if (found != all->end()) return found->values.size() > 1;
      }
      return false;
    }();
    const bool is_named = one.option->name == "data" || one.option->name == "model";
    if (is_named && task.name.empty()) continue;
    // The model's options are not part of the name, nor what only the choice of settings
    // needs.
    const bool is_of_data = one.option->group == "Data" &&
                            one.option->effect == Effect::condition &&
                            one.option->name != "validation";
    const bool is_condition =
        task.name.empty() && is_of_data && plain_text(one.option->print(usual)) != one.value;
    if (is_varied || is_condition) name += ", " + one.option->name + " " + one.value;
  }
  return name;
}

void StudyPlan::check_given() const {
  std::vector<Variant> all;
  for (const StudyVariant& one : variants_) {
    all.push_back({.name = one.name, .optimizer = one.optimizer});
  }
  const auto check = [&](const GivenOption& given, const std::vector<Variant>& variants) {
    RunOptions scratch;
    given.option->take(scratch, given.value);
    try {
      check_overrides(scratch.overrides, variants);
    } catch (const UsageError& error) {
      // "--lr: WHAT"; the key stands before it already.
      const std::string what = error.what();
      const std::size_t colon = what.find(": ");
      file_.refuse(given.line, given.option->name,
                   colon == std::string::npos ? what : what.substr(colon + 2));
    }
  };
  for (const StudyTask& task : tasks_) {
    for (const GivenOption& given : task.options) check(given, all);
  }
  for (std::size_t i = 0; i < variants_.size(); ++i) {
    for (const GivenOption& given : variants_[i].options) check(given, {all[i]});
    for (const SearchDimension& dimension : variants_[i].space) {
      const std::string value = draw_trial({dimension}, 0, 0).front().second;
      const auto search = std::ranges::find_if(file_.searches, [&](const auto& one) {
        return one.name == variants_[i].name || one.name == variants_[i].optimizer;
      });
      const int line = search == file_.searches.end() ? 1 : search->line;
      check({.option = dimension.option, .value = value, .line = line}, {all[i]});
      for (const GivenOption& given : variants_[i].options) {
        if (given.option != dimension.option) continue;
        file_.refuse(given.line, given.option->name,
                     "is searched for " + variants_[i].name + ", too; leave one of them out");
      }
    }
  }
}

void StudyPlan::make_runs() {
  const StudyFile::Tuning& tuning = file_.tuning;
  for (std::size_t task = 0; task < tasks_.size(); ++task) {
    for (std::size_t variant = 0; variant < variants_.size(); ++variant) {
      if (!is_tuned(variant)) continue;
      for (int trial = 0; trial < tuning.trials; ++trial) {
        for (const std::uint64_t seed : tuning.seeds) {
          runs_.push_back({.task = task,
                           .variant = variant,
                           .phase = StudyPhase::tuning,
                           .trial = trial,
                           .seed = seed});
        }
      }
    }
  }
  // Seed by seed, so that the variants can be compared from the first seed on.
  for (std::size_t task = 0; task < tasks_.size(); ++task) {
    for (const std::uint64_t seed : file_.seeds) {
      for (std::size_t variant = 0; variant < variants_.size(); ++variant) {
        runs_.push_back({.task = task, .variant = variant, .seed = seed});
      }
    }
  }
}

// Also makes every combination of options once, so that what contradicts itself is found before
// hours of work.
void StudyPlan::find_conditions() {
  for (std::size_t task = 0; task < tasks_.size(); ++task) {
    std::optional<Settings> first;
    for (std::size_t variant = 0; variant < variants_.size(); ++variant) {
      const int trials = is_tuned(variant) ? file_.tuning.trials : 1;
      for (int number = 0; number < trials; ++number) {
        const PlannedRun run{.task = task, .variant = variant, .seed = file_.seeds.front()};
        const Settings drawn = trial(variant, number);
        const Settings settings = settings_beside_optimizer(options(run, drawn));
        if (is_tuned(variant) && value_in(settings, "validation") == nullptr) {
          file_.refuse(file_.tuning.line, "tuning",
                       "needs validation = F, such as 0.2: settings are chosen on a part of the "
                       "training set, never on the test set (task " +
                           tasks_[task].name + ")");
        }
        if (!first) first = settings;
        for (const std::string& name : differing_names(*first, settings)) {
          const auto known = std::ranges::find(settings_of_variants_, name);
          if (known == settings_of_variants_.end()) settings_of_variants_.push_back(name);
        }
      }
    }
  }
}

std::size_t StudyPlan::tuning_count() const {
  return static_cast<std::size_t>(
      std::ranges::count(runs_, StudyPhase::tuning, &PlannedRun::phase));
}

Settings StudyPlan::trial(std::size_t variant, int trial) const {
  return draw_trial(variants_[variant].space, file_.tuning.sequence, trial);
}

RunOptions StudyPlan::data_options(std::size_t task) const {
  RunOptions made;
  for (const GivenOption& given : tasks_[task].options) given.option->take(made, given.value);
  return made;
}

RunOptions StudyPlan::options(const PlannedRun& run, const Settings& tuned) const {
  const StudyVariant& variant = variants_[run.variant];
  RunOptions made = data_options(run.task);
  made.optimizer = variant.optimizer;
  made.run.seed = run.seed;
  const auto take = [&](const Option& option, const std::string& value) {
    const std::size_t before = made.overrides.size();
    option.take(made, value);
    // What is said of this variant goes before what is said of its optimizer.
    for (std::size_t i = before; i < made.overrides.size(); ++i) {
      made.overrides[i].name = variant.name;
    }
  };
  try {
    for (const GivenOption& given : variant.options) take(*given.option, given.value);
    for (const auto& [name, value] : tuned) take(*find_option(name), value);
    settle(made);
    std::vector<Variant> all;
    for (const StudyVariant& one : variants_) {
      all.push_back({.name = one.name, .optimizer = one.optimizer});
    }
    made.run.optimizer = resolve_settings(all[run.variant], all, made.paper, made.overrides);
    check_schedule(made.run);
    if (made.early_stopping > 0 && made.run.validation == 0) {
      throw UsageError("early-stopping: needs validation = F, such as 0.2, to choose by");
    }
  } catch (const UsageError& error) {
    std::vector<std::string> drawn;
    for (const auto& [name, value] : tuned) drawn.push_back(name + " " + value);
    throw UsageError(file_.path + ": " + variant.name + " on " + tasks_[run.task].name +
                     (drawn.empty() ? "" : " (" + join(drawn) + ")") + ": " + error.what());
  }
  return made;
}

StudyRun StudyPlan::describe(const PlannedRun& run, const Settings& tuned) const {
  const RunOptions made = options(run, tuned);
  StudyRun known;
  known.task = tasks_[run.task].name;
  known.variant = variants_[run.variant].name;
  known.optimizer = variants_[run.variant].optimizer;
  known.phase = run.phase;
  known.trial = run.phase == StudyPhase::tuning ? run.trial : 0;
  known.seed = run.seed;
  known.settings = effective_settings(made.run.optimizer);
  for (const auto& [name, value] : settings_beside_optimizer(made)) {
    const bool is_setting =
        std::ranges::find(settings_of_variants_, name) != settings_of_variants_.end();
    (is_setting ? known.settings : known.conditions).emplace_back(name, value);
  }
  known.tuned = tuned;
  return known;
}

}  // namespace plastic::apps
