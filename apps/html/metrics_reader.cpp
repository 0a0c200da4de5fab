#include "apps/html/metrics_reader.h"

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>

#include "apps/text_file.h"
#include "core/check.h"

namespace plastic::apps {
namespace {

using nlohmann::ordered_json;

constexpr std::int64_t last_epoch = 1'000'000'000;

// Where in which file, for the messages.
struct Place {
  const std::filesystem::path& path;
  int line;

  template <typename... Parts>
  [[noreturn]] void reject(const Parts&... parts) const {
    fail("report", path.string(), ", line ", line, ": ", parts...);
  }
};

ordered_json parse(const std::string& line, const Place& place) {
  try {
    return ordered_json::parse(line);
  } catch (const ordered_json::exception& error) {
    const std::string reason = error.what();
    place.reject("this is not JSON: ", reason.substr(reason.find("] ") + 2));
  }
}

std::vector<std::pair<std::string, double>> numbers_of(const ordered_json& object,
                                                       const Place& place) {
  std::vector<std::pair<std::string, double>> numbers;
  for (const auto& [name, value] : object.items()) {
    if (name == "epoch" || name == "diagnostics" || value.is_null()) continue;
    if (value.is_number()) {
      numbers.emplace_back(name, value.get<double>());
    } else if (!value.is_string() && !value.is_boolean()) {
      place.reject("expected a number for \"", name, "\", found ", value.type_name());
    }
  }
  return numbers;
}

EpochRecord record(const ordered_json& json, int epoch_before, const Place& place) {
  if (!json.is_object()) place.reject("expected an object, found ", json.type_name());
  const auto epoch = json.find("epoch");
  if (epoch == json.end() || !epoch->is_number_integer()) place.reject("no whole number \"epoch\"");
  const auto number = epoch->get<std::int64_t>();
  if (number <= epoch_before || number > last_epoch) {
    place.reject("expected an epoch after ", epoch_before, ", found ", epoch->dump());
  }
  EpochRecord result{
      .epoch = static_cast<int>(number), .numbers = numbers_of(json, place), .diagnostics = {}};
  for (const char* needed : {"test_accuracy", "seconds"}) {
    const auto value = json.find(needed);
    if (value == json.end() || !value->is_number()) place.reject("no number \"", needed, "\"");
  }
  if (const auto diagnostics = json.find("diagnostics"); diagnostics != json.end()) {
    if (!diagnostics->is_object() && !diagnostics->is_null()) {
      place.reject("expected an object for \"diagnostics\", found ", diagnostics->type_name());
    }
    result.diagnostics = numbers_of(*diagnostics, place);
  }
  return result;
}

}  // namespace

double EpochRecord::number(const std::string& name) const {
  for (const auto& [key, value] : numbers) {
    if (key == name) return value;
  }
  return std::numeric_limits<double>::quiet_NaN();
}

std::vector<EpochRecord> read_metrics(const std::filesystem::path& path) {
  std::istringstream lines(read_text("report", path));
  std::vector<EpochRecord> records;
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    const Place place{.path = path, .line = ++number};
    records.push_back(
        record(parse(line, place), records.empty() ? 0 : records.back().epoch, place));
  }
  if (records.empty()) {
    fail("report", path.string(), ", line 1: the file is empty; the run has not done one epoch");
  }
  return records;
}

}  // namespace plastic::apps
