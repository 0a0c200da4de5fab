#include "apps/runs/metrics.h"

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

#include "apps/runs/json_parser.h"
#include "apps/runs/run_files.h"
#include "apps/runs/text_file.h"
#include "core/check.h"

namespace plastic::apps {

std::string metrics_line(const EpochResult& result) {
  nlohmann::ordered_json json = {
      {"epoch", result.epoch},
      {"train_loss", result.train_loss},
      {"train_accuracy", result.train_accuracy},
  };
  if (result.validation_loss) json["validation_loss"] = *result.validation_loss;
  if (result.validation_accuracy) json["validation_accuracy"] = *result.validation_accuracy;
  json["test_loss"] = result.test_loss;
  json["test_accuracy"] = result.test_accuracy;
  json["seconds"] = result.seconds;
  json["images_per_second"] = result.images_per_second;
  json["learning_rate"] = result.learning_rate;
  for (const auto& [name, value] : result.diagnostics) json["diagnostics"][name] = value;
  return json.dump() + "\n";
}

namespace {

using nlohmann::ordered_json;

// JSON has null for a number that is not finite.
double number(const ordered_json& value, const std::string& name) {
  if (value.is_null()) return std::numeric_limits<double>::quiet_NaN();
  if (!value.is_number()) fail("metrics", "not a line of metrics: \"", name, "\" is not a number");
  return value.get<double>();
}

double number_in(const ordered_json& object, const std::string& name) {
  const auto found = object.find(name);
  if (found == object.end()) fail("metrics", "not a line of metrics: no number \"", name, "\"");
  return number(*found, name);
}

// For what not every run has.
std::optional<double> number_if_any(const ordered_json& object, const std::string& name) {
  const auto found = object.find(name);
  if (found == object.end()) return std::nullopt;
  return number(*found, name);
}

int epoch_number(const ordered_json& object) {
  const auto found = object.find("epoch");
  if (found != object.end() && found->is_number_integer()) {
    const auto epoch = found->get<std::int64_t>();
    if (epoch >= 1 && epoch <= std::numeric_limits<int>::max()) return static_cast<int>(epoch);
  }
  fail("metrics", "not a line of metrics: no whole number \"epoch\" from 1");
}

}  // namespace

EpochResult parse_metrics_line(const std::string& line) {
  ordered_json json;
  try {
    json = parse_json(line);
  } catch (const BadJson& wrong) {
    fail("metrics", "not a line of metrics: ", wrong.what());
  }
  if (!json.is_object()) fail("metrics", "not a line of metrics: not an object");
  EpochResult result{.epoch = epoch_number(json),
                     .train_loss = number_in(json, "train_loss"),
                     .train_accuracy = number_in(json, "train_accuracy"),
                     .validation_loss = number_if_any(json, "validation_loss"),
                     .validation_accuracy = number_if_any(json, "validation_accuracy"),
                     .test_loss = number_in(json, "test_loss"),
                     .test_accuracy = number_in(json, "test_accuracy"),
                     .seconds = number_in(json, "seconds"),
                     .images_per_second = number_in(json, "images_per_second"),
                     .learning_rate = number_in(json, "learning_rate")};
  const auto diagnostics = json.find("diagnostics");
  if (diagnostics == json.end()) return result;
  if (!diagnostics->is_object()) fail("metrics", "not a line of metrics: no object of diagnostics");
  for (const auto& [name, value] : diagnostics->items()) {
    result.diagnostics.emplace_back(name, number(value, name));
  }
  return result;
}

std::vector<EpochResult> MetricsFile::resume(int epochs) {
  text_.clear();
  std::vector<EpochResult> results;
  if (epochs == 0) return results;
  std::istringstream file(read_text("resume", path_));
  for (std::string line; std::ssize(results) < epochs && std::getline(file, line);) {
    try {
      results.push_back(parse_metrics_line(line));
    } catch (const Error& wrong) {
      fail("resume", path_.string(), ": line ", results.size() + 1, ": ", wrong.what());
    }
    text_ += line + "\n";
    if (results.back().epoch != std::ssize(results)) {
      fail("resume", path_.string(), ": line ", results.size(), " is of epoch ",
           results.back().epoch);
    }
  }
  if (std::ssize(results) != epochs) {
    fail("resume", path_.string(), ": holds ", results.size(), " epochs, but the checkpoint ",
         epochs);
  }
  return results;
}

MetricsFile::MetricsFile(const std::filesystem::path& folder) : path_(folder / metrics_file) {}

void MetricsFile::append(const EpochResult& result) {
  text_ += metrics_line(result);
  write_run_file(path_, text_);
}

}  // namespace plastic::apps
