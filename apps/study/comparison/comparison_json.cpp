#include "apps/study/comparison/comparison_json.h"

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <type_traits>
#include <variant>

#include "apps/cli/option_table.h"
#include "apps/runs/json_parser.h"
#include "apps/runs/run_file_names.h"
#include "apps/runs/text_file.h"
#include "apps/study/statistics/statistics.h"
#include "apps/study/workers.h"
#include "core/check.h"

namespace plastic::apps {
namespace {

using nlohmann::ordered_json;

// The numbers of the finished runs, seed by seed; null where a seed has none.
ordered_json by_seed(std::span<const std::uint64_t> seeds, const OptimizerRuns& row,
                     double SeedRun::*number) {
  ordered_json numbers = ordered_json::array();
  for (const std::uint64_t seed : seeds) {
    const auto run = std::ranges::find(row.runs, seed, &SeedRun::seed);
    if (run != row.runs.end() && run->end == RunEnd::finished) {
      numbers.push_back((*run).*number);
    } else {
      numbers.push_back(nullptr);
    }
  }
  return numbers;
}

ordered_json runs_json(const OptimizerRuns& row, bool has_part) {
  ordered_json runs = ordered_json::array();
  for (const SeedRun& run : row.runs) {
    // NaN, which JSON writes as null, where no epoch was done.
    ordered_json json = {{"seed", run.seed.value_or(0)},
                         {"end", run_end_names[static_cast<std::size_t>(run.end)]},
                         {"epochs", run.epochs},
                         {"test_accuracy", run.accuracy},
                         {"seconds", run.seconds}};
    if (has_part) {
      json["validation_accuracy"] = run.validation_accuracy;
      json["test_accuracy_of_best_validation"] = run.chosen_accuracy;
    }
    runs.push_back(std::move(json));
  }
  return runs;
}

ordered_json row_json(const ComparisonState& state, std::size_t i, const VersusFirst& versus) {
  const OptimizerRuns& row = state.rows[i];
  const std::vector<double> reached = accuracies(row);
  const bool has_part = state.options.run.validation > 0;
  // A mean of none and a deviation of one are NaN, which JSON writes as null.
  ordered_json json = {
      {"name", row.name},
      {"optimizer", state.variants[i].optimizer},
      {"label", row.label},
      {"finished", count(row, RunEnd::finished)},
      {"diverged", count(row, RunEnd::diverged)},
      {"mean_test_accuracy", mean(reached)},
      {"deviation_test_accuracy", sample_deviation(reached)},
      {"mean_seconds", mean(seconds(row))},
      {"test_accuracies", by_seed(state.seeds, row, &SeedRun::accuracy)},
      {"seconds", by_seed(state.seeds, row, &SeedRun::seconds)},
      {"runs", runs_json(row, has_part)},
  };
  if (has_part) {
    const std::vector<double> validation = validation_accuracies(row);
    const std::vector<double> chosen = chosen_accuracies(row);
    json["mean_validation_accuracy"] = mean(validation);
    json["deviation_validation_accuracy"] = sample_deviation(validation);
    json["mean_test_accuracy_of_best_validation"] = mean(chosen);
    json["deviation_test_accuracy_of_best_validation"] = sample_deviation(chosen);
    json["validation_accuracies"] = by_seed(state.seeds, row, &SeedRun::validation_accuracy);
    json["test_accuracies_of_best_validation"] =
        by_seed(state.seeds, row, &SeedRun::chosen_accuracy);
  }
  if (i == 0) return json;
  json["versus_first"] = {{"mean_difference", versus.mean},
                          {"deviation_difference", versus.deviation},
                          {"interval_95", {versus.interval.low, versus.interval.high}},
                          {"pairs", versus.pairs},
                          {"wins", versus.wins},
                          {"ties", versus.ties},
                          {"losses", versus.losses},
                          {"p", versus.p},
                          {"p_holm", versus.adjusted_p}};
  return json;
}

/// Everything that all runs have in common and that decides them, by the options' names with
/// underscores.
ordered_json options_json(const RunOptions& options) {
  ordered_json json = ordered_json::object();
  for (const Option& option : option_table()) {
    const bool decides = option.effect == Effect::condition || option.effect == Effect::setting;
    const bool is_shared =
        option.of_optimizer == nullptr && option.commands == CommandSet::both && option.print;
    if (!decides || !is_shared) continue;
    std::string name = option.name;
    std::ranges::replace(name, '-', '_');
    std::visit(
        [&json, &name]<class T>(const T& value) {
          if constexpr (!std::is_same_v<T, std::monostate>) json[name] = value;
        },
        option.print(options));
  }
  return json;
}

bool is_complete(const ComparisonState& state) {
  return std::ranges::all_of(state.rows, [&](const OptimizerRuns& row) {
    return row.runs.size() == state.seeds.size() && count(row, RunEnd::unfinished) == 0;
  });
}

}  // namespace

std::string comparison_json(const ComparisonState& state) {
  ordered_json json = options_json(state.options);
  json["seeds"] = state.seeds;
  json["complete"] = is_complete(state);
  json["jobs"] = state.jobs;
  json["settings"] = ordered_json::object();
  for (std::size_t i = 0; i < state.variants.size(); ++i) {
    json["settings"][state.variants[i].name] = describe(state.settings[i]);
  }
  json["optimizers"] = ordered_json::array();
  const std::vector<VersusFirst> versus = versus_first(state.rows);
  for (std::size_t i = 0; i < state.rows.size(); ++i) {
    json["optimizers"].push_back(row_json(state, i, versus[i]));
  }
  json["conclusion"] = conclusion(state.rows);
  if (const std::string seconds = seconds_sentence(state.jobs); !seconds.empty()) {
    json["note"] = seconds;
  }
  return json.dump(2) + "\n";
}

std::set<int> jobs_of_comparison(const std::filesystem::path& path) {
  try {
    const ordered_json json = parse_json(read_text("compare", path));
    if (!json.is_object() || !json.contains("jobs")) return {1};
    std::set<int> jobs;
    for (const ordered_json& number : json["jobs"]) {
      if (!number.is_number_integer()) break;
      const auto count = number.get<std::int64_t>();
      if (count < 1 || count > max_jobs) break;
      jobs.insert(static_cast<int>(count));
    }
    if (json["jobs"].is_array() && !jobs.empty() && jobs.size() == json["jobs"].size()) return jobs;
  } catch (const BadJson& wrong) {
    fail("compare", path.string(), ": ", wrong.what(), "; begin again with --overwrite");
  }
  fail("compare", path.string(), ": expected a list of numbers of 1 to ", max_jobs, " for \"jobs\"",
       "; begin again with --overwrite");
}

std::string seconds_sentence(const std::set<int>& jobs) {
  const int most = *jobs.rbegin();
  if (most == 1) return "";
  return std::string("Seconds were measured ") + (jobs.size() > 1 ? "partly " : "") + "with " +
         std::to_string(most) + " runs side by side, with a thread each.";
}

std::filesystem::path comparison_path(const std::filesystem::path& folder) {
  return folder / comparison_file;
}

}  // namespace plastic::apps
