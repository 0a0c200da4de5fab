#include "apps/study/study_run_json.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "apps/cli/option_value.h"
#include "apps/cli/values.h"
#include "apps/runs/json_parser.h"
#include "apps/runs/text_file.h"
#include "core/check.h"

namespace plastic::apps {
namespace {

using nlohmann::ordered_json;

constexpr std::string_view settings_prefix = "option.";
constexpr std::string_view tuned_prefix = "tuned.";
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

// By number.
constexpr std::array phase_names = {"tuning", "verdict"};

template <class Enum, std::size_t count>
Enum named(const std::string& name, const std::array<const char*, count>& names) {
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) fail("study", "\"", name, "\" is not expected here");
  return static_cast<Enum>(found - names.begin());
}

struct Curve {
  const char* name;
  std::vector<double> StudyRun::*values;
  bool more_is_better;
};

constexpr std::array curves = {
    Curve{"train_loss", &StudyRun::train_loss, false},
    Curve{"train_accuracy", &StudyRun::train_accuracy, true},
    Curve{"validation_loss", &StudyRun::validation_loss, false},
    Curve{"validation_accuracy", &StudyRun::validation_accuracy, true},
    Curve{"test_loss", &StudyRun::test_loss, false},
    Curve{"test_accuracy", &StudyRun::test_accuracy, true},
};

// A number or a truth where it gives the text back, so that tables have columns of numbers.
ordered_json value_json(const std::string& text) {
  const OptionValue value = value_of_text(text);
  if (plain_text(value) != text) return text;
  if (const auto* truth = std::get_if<bool>(&value)) return *truth;
  if (const auto* number = std::get_if<double>(&value)) {
    const auto whole = static_cast<std::int64_t>(std::clamp(*number, -1e15, 1e15));
    if (static_cast<double>(whole) == *number && std::to_string(whole) == text) return whole;
    return *number;
  }
  return text;
}

std::string text_of_value(const std::string& name, const ordered_json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>() ? "true" : "false";
  if (value.is_number_integer()) return std::to_string(value.get<std::int64_t>());
  if (value.is_number()) return exact(value.get<double>());
  fail("study", "\"", name, "\" is no number, text or truth");
}

std::string text_in(const ordered_json& json, const char* name) {
  const auto found = json.find(name);
  if (found == json.end() || !found->is_string()) fail("study", "no text \"", name, "\"");
  return found->get<std::string>();
}

std::int64_t count_in(const ordered_json& json, const char* name, std::int64_t highest) {
  const auto found = json.find(name);
  if (found != json.end() && found->is_number_integer()) {
    const auto count = found->get<std::int64_t>();
    if (count >= 0 && count <= highest) return count;
  }
  fail("study", "no whole number \"", name, "\" from 0");
}

std::vector<double> numbers_in(const ordered_json& json, const char* name) {
  const auto found = json.find(name);
  if (found == json.end() || !found->is_array()) fail("study", "no list \"", name, "\"");
  std::vector<double> numbers;
  for (const ordered_json& one : *found) {
    if (!one.is_null() && !one.is_number()) fail("study", "\"", name, "\" holds no number");
    numbers.push_back(one.is_null() ? nan : one.get<double>());
  }
  return numbers;
}

// What the names say of a run before its conditions.
void add_identity(ordered_json& json, const StudyRun& run) {
  json["task"] = run.task;
  json["variant"] = run.variant;
  json["phase"] = phase_names[static_cast<std::size_t>(run.phase)];
  if (run.phase == StudyPhase::tuning) {
    json["trial"] = run.trial;
  } else {
    json["trial"] = nullptr;
  }
  json["seed"] = run.seed;
}

const std::vector<std::string>& fixed_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all = {"task",    "optimizer",       "images",     "variant",
                                    "phase",   "trial",           "seed",       "end",
                                    "message", "steps_per_epoch", "epochs_done"};
    for (const Curve& curve : curves) {
      all.emplace_back(curve.name);
      all.push_back(std::string("final_") + curve.name);
      all.push_back(std::string("best_") + curve.name);
    }
    return all;
  }();
  return names;
}

}  // namespace

std::string study_run_line(const StudyRun& run) {
  ordered_json json = ordered_json::object();
  add_identity(json, run);
  json["optimizer"] = run.optimizer;
  if (!run.images.empty()) json["images"] = run.images;
  for (const auto& [name, value] : run.conditions) json[name] = value_json(value);
  for (const auto& [name, value] : run.settings) {
    json[std::string(settings_prefix) + name] = value_json(value);
  }
  for (const auto& [name, value] : run.tuned) {
    json[std::string(tuned_prefix) + name] = value_json(value);
  }
  json["end"] = run_end_names[static_cast<std::size_t>(run.end)];
  json["message"] = run.message;
  json["steps_per_epoch"] = run.steps_per_epoch;
  json["epochs_done"] = run.test_accuracy.size();
  for (const Curve& curve : curves) {
    const std::vector<double>& values = run.*curve.values;
    if (values.empty()) continue;
    json[std::string("final_") + curve.name] = values.back();
    const auto [low, high] = std::ranges::minmax(values);
    json[std::string("best_") + curve.name] = curve.more_is_better ? high : low;
  }
  for (const Curve& curve : curves) json[curve.name] = run.*curve.values;
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

StudyRun parse_study_run(std::string_view line) {
  ordered_json json;
  try {
    json = parse_json(line);
  } catch (const BadJson& wrong) {
    fail("study", wrong.what());
  }
  if (!json.is_object()) fail("study", "not an object");
  StudyRun run;
  run.task = text_in(json, "task");
  run.variant = text_in(json, "variant");
  run.optimizer = text_in(json, "optimizer");
  if (json.contains("images")) run.images = text_in(json, "images");
  run.phase = named<StudyPhase>(text_in(json, "phase"), phase_names);
  if (run.phase == StudyPhase::tuning) {
    run.trial = static_cast<int>(count_in(json, "trial", std::numeric_limits<int>::max()));
  }
  run.seed =
      static_cast<std::uint64_t>(count_in(json, "seed", std::numeric_limits<std::int64_t>::max()));
  run.end = named<RunEnd>(text_in(json, "end"), run_end_names);
  run.message = text_in(json, "message");
  run.steps_per_epoch = count_in(json, "steps_per_epoch", std::numeric_limits<std::int64_t>::max());
  for (const Curve& curve : curves) run.*curve.values = numbers_in(json, curve.name);
  for (const auto& [name, value] : json.items()) {
    const auto under = [&name](std::string_view prefix) {
      return name.starts_with(prefix) ? name.substr(prefix.size()) : std::string();
    };
    if (const std::string setting = under(settings_prefix); !setting.empty()) {
      run.settings.emplace_back(setting, text_of_value(name, value));
    } else if (const std::string drawn = under(tuned_prefix); !drawn.empty()) {
      run.tuned.emplace_back(drawn, text_of_value(name, value));
    } else if (std::ranges::find(fixed_names(), name) == fixed_names().end()) {
      run.conditions.emplace_back(name, text_of_value(name, value));
    }
  }
  return run;
}

std::string study_timing_line(const StudyRecord& record) {
  ordered_json json = ordered_json::object();
  add_identity(json, record.run);
  json["seconds"] = record.run.seconds;
  json["wall_seconds"] = record.wall_seconds;
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

void read_study_times(std::string_view line, StudyRecord& record) {
  try {
    const ordered_json json = parse_json(line);
    if (!json.is_object()) fail("study", "not an object");
    record.run.seconds = numbers_in(json, "seconds");
    const auto wall = json.find("wall_seconds");
    record.wall_seconds = wall != json.end() && wall->is_number() ? wall->get<double>() : nan;
  } catch (const BadJson& wrong) {
    fail("study", wrong.what());
  }
}

std::string_view study_timing_key(std::string_view line) {
  return line.substr(0, std::min(line.find(",\"seconds\":"), line.size()));
}

std::vector<StudyRun> read_study_runs(const std::filesystem::path& path) {
  std::vector<StudyRun> runs;
  read_lines("study", path, [&](std::string_view line, bool) {
    try {
      runs.push_back(parse_study_run(line));
    } catch (const Error& error) {
      fail("study", path.string(), ": line ", runs.size() + 1, ": ", error.what());
    }
  });
  return runs;
}

std::string name_of(const StudyRun& run) {
  const bool is_trial = run.phase == StudyPhase::tuning;
  return (is_trial ? "trial " + std::to_string(run.trial) + " of " : "") + run.variant + " on " +
         run.task + ", seed " + std::to_string(run.seed);
}

}  // namespace plastic::apps
