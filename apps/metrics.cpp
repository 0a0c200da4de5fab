#include "apps/metrics.h"

#include <nlohmann/json.hpp>
#include <sstream>

#include "apps/augmentation.h"
#include "apps/run_files.h"
#include "apps/schedules.h"
#include "apps/statistics.h"
#include "apps/text_file.h"
#include "core/check.h"

namespace plastic::apps {
namespace {

nlohmann::ordered_json table_json(std::span<const OptimizerRuns> runs) {
  // A deviation of one value is NaN, which JSON writes as null.
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const OptimizerRuns& row : runs) {
    nlohmann::ordered_json json = {
        {"optimizer", row.optimizer},
        {"mean_test_accuracy", mean(row.accuracies)},
        {"deviation_test_accuracy", sample_deviation(row.accuracies)},
        {"mean_seconds", mean(row.seconds)},
        {"test_accuracies", row.accuracies},
        {"seconds", row.seconds},
    };
    if (&row != &runs.front()) {
      const PairedDifference difference =
          paired_difference(row.accuracies, runs.front().accuracies);
      json["versus_first"] = {{"mean_difference", difference.mean},
                              {"deviation_difference", difference.deviation},
                              {"wins", difference.wins},
                              {"ties", difference.ties},
                              {"losses", difference.losses}};
    }
    rows.push_back(json);
  }
  return rows;
}

}  // namespace

std::string metrics_line(const EpochResult& result) {
  nlohmann::ordered_json json = {
      {"epoch", result.epoch},
      {"train_loss", result.train_loss},
      {"train_accuracy", result.train_accuracy},
      {"test_loss", result.test_loss},
      {"test_accuracy", result.test_accuracy},
      {"seconds", result.seconds},
      {"images_per_second", result.images_per_second},
      {"learning_rate", result.learning_rate},
  };
  for (const auto& [name, value] : result.diagnostics) json["diagnostics"][name] = value;
  return json.dump() + "\n";
}

EpochResult parse_metrics_line(const std::string& line) {
  try {
    const auto json = nlohmann::ordered_json::parse(line);
    EpochResult result{.epoch = json.at("epoch").get<int>(),
                       .train_loss = json.at("train_loss").get<double>(),
                       .train_accuracy = json.at("train_accuracy").get<double>(),
                       .test_loss = json.at("test_loss").get<double>(),
                       .test_accuracy = json.at("test_accuracy").get<double>(),
                       .seconds = json.at("seconds").get<double>(),
                       .images_per_second = json.at("images_per_second").get<double>(),
                       .learning_rate = json.at("learning_rate").get<double>()};
    if (json.contains("diagnostics")) {
      for (const auto& [name, value] : json.at("diagnostics").items()) {
        result.diagnostics.emplace_back(name, value.get<double>());
      }
    }
    return result;
  } catch (const nlohmann::json::exception& wrong) {
    fail("metrics", "not a line of metrics: ", wrong.what());
  }
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

MetricsFile::MetricsFile(const std::filesystem::path& folder) : path_(folder / "metrics.jsonl") {}

void MetricsFile::append(const EpochResult& result) {
  text_ += metrics_line(result);
  write_run_file(path_, text_);
}

std::string comparison_json(const std::string& data, const TrainConfig& config,
                            std::span<const std::uint64_t> seeds,
                            std::span<const OptimizerSettings> settings,
                            std::span<const OptimizerRuns> runs) {
  nlohmann::ordered_json json = {
      {"data", data}, {"fraction", config.fraction}, {"model", config.model}};
  if (config.hidden) json["hidden"] = *config.hidden;
  if (config.dropout) json["dropout"] = *config.dropout;
  json["epochs"] = config.epochs;
  json["batch_size"] = config.batch_size;
  json["augment"] = augment_parts(config.augment);
  json["schedule"] = name_of(config.schedule);
  json["warmup"] = config.warmup_epochs;
  json["device"] = to_string(config.device);
  json["seeds"] = seeds;
  for (const OptimizerSettings& optimizer : settings) {
    json["settings"][optimizer.name] = describe(optimizer);
  }
  json["optimizers"] = table_json(runs);
  json["conclusion"] = conclusion(runs);
  return json.dump(2) + "\n";
}

}  // namespace plastic::apps
