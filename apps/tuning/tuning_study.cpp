#include "apps/tuning/tuning_study.h"

#include <algorithm>

#include "apps/cli/values.h"
#include "apps/tuning/search_spaces.h"
#include "core/shell_text.h"

namespace plastic::apps {
namespace {

constexpr const char* usual_validation = "0.2";

std::string seeds_text(const std::vector<std::uint64_t>& seeds) {
  std::vector<std::string> parts;
  for (const std::uint64_t seed : seeds) parts.push_back(std::to_string(seed));
  return "[" + join(parts) + "]";
}

bool is_given(const GivenValues& given, const std::string& name) {
  return std::ranges::any_of(given, [&](const auto& one) { return one.first->name == name; });
}

std::string given_words(const GivenValues& given) {
  std::string words;
  for (const auto& [option, value] : given) {
    words += " --" + option->name;
    if (!option->is_switch()) words += " " + shell_quoted(value);
  }
  return words;
}

// Empty for the usual seeds.
std::string seed_words(const std::string& name, const std::vector<std::uint64_t>& seeds,
                       const std::vector<std::uint64_t>& usual) {
  if (seeds == usual) return "";
  std::vector<std::string> parts;
  for (const std::uint64_t seed : seeds) parts.push_back(std::to_string(seed));
  return " --" + name + " " + join(parts, ",");
}

// The reader of the study would refuse these, too, but speaks of a file that nobody wrote.
void check(const TuningRequest& request) {
  for (auto it = request.space.begin(); it != request.space.end(); ++it) {
    const std::string& name = it->option->name;
    if (is_given(request.given, name)) {
      throw UsageError("--search " + name + ": --" + name +
                       " is given, too; leave one of them out");
    }
    if (std::any_of(request.space.begin(), it,
                    [&](const SearchDimension& one) { return one.option->name == name; })) {
      throw UsageError("--search " + name + ": given twice; leave one of them out");
    }
  }
  for (const auto& [option, value] : request.given) {
    if (option->name != "validation" || parse_number(value, {.low = 0, .high = 1}) > 0) continue;
    throw UsageError(std::string("--validation ") + value +
                     ": a search compares settings on a part of the training set, never on the "
                     "test set; give it a share, such as " +
                     usual_validation);
  }
}

}  // namespace

std::string tuning_study_text(const TuningRequest& request) {
  check(request);
  std::string text = "description = \"The settings of " + request.optimizer + "\"\n";
  for (const auto& [option, value] : request.given) {
    text += option->name + " = " + toml_value(value) + "\n";
  }
  if (!is_given(request.given, "validation")) {
    text += std::string("validation = ") + usual_validation + "\n";
  }
  text += "optimizers = [\"" + request.optimizer + "\"]\nseeds = " + seeds_text(request.seeds) +
          "\n\n[tuning]\ntrials = " + std::to_string(request.trials) +
          "\nseeds = " + seeds_text(request.tuning_seeds) + "\n";
  if (request.goal == TuningGoal::loss) text += "select = \"loss\"\n";
  text += "\n[search." + request.optimizer + "]\n";
  for (const SearchDimension& dimension : request.space) text += toml_line(dimension) + "\n";
  return text;
}

std::string tune_command(const TuningRequest& request, const std::string& more) {
  const TuningRequest usual;
  std::string command = "plastic tune" + given_words(request.given) + " --optimizer " +
                        request.optimizer + " --trials " + std::to_string(request.trials);
  for (const SearchDimension& dimension : request.space) {
    command += " --search " + shell_quoted(to_text(dimension));
  }
  command += seed_words("tuning-seeds", request.tuning_seeds, usual.tuning_seeds) +
             seed_words("seeds", request.seeds, usual.seeds);
  if (request.goal == TuningGoal::loss) command += " --select loss";
  return command + (more.empty() ? "" : " " + more);
}

std::string train_command(const std::string& optimizer, const GivenValues& given,
                          const Settings& chosen) {
  std::string command = "plastic train" + given_words(given) + " --optimizer " + optimizer;
  for (const auto& [name, value] : chosen) command += " --" + name + " " + shell_quoted(value);
  return command;
}

}  // namespace plastic::apps
