#include "apps/report/metrics_reader.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <sstream>
#include <stdexcept>

#include "apps/runs/best_epoch.h"
#include "apps/runs/metrics_object.h"
#include "apps/runs/text_file.h"
#include "core/check.h"

namespace plastic::apps {
namespace {

constexpr std::int64_t last_epoch = 1'000'000'000;
// Thirty thousand years.
constexpr double max_seconds = 1e12;

// Where in which file, for the messages.
struct Place {
  const std::filesystem::path& path;
  int line;

  template <typename... Parts>
  [[noreturn]] void reject(const Parts&... parts) const {
    fail("report", path.string(), ", line ", line, ": ", parts...);
  }
};

MetricsObject parse(const std::string& line, const Place& place) {
  try {
    return parse_metrics_object(line);
  } catch (const std::runtime_error& error) {
    place.reject(error.what());
  }
}

std::vector<std::pair<std::string, double>> numbers_of(std::vector<MetricsMember>& members,
                                                       const Place& place) {
  using Kind = MetricsMember::Kind;
  std::vector<std::pair<std::string, double>> numbers;
  for (MetricsMember& member : members) {
    if (member.name == "epoch" || member.name == "diagnostics" || member.kind == Kind::null) {
      continue;
    }
    if (member.is_number()) {
      numbers.emplace_back(std::move(member.name), member.number);
    } else if (member.kind != Kind::text && member.kind != Kind::boolean) {
      place.reject("expected a number for \"", member.name, "\", found ", member.kind_name());
    }
  }
  return numbers;
}

EpochRecord record(MetricsObject object, int epoch_before, const Place& place) {
  using Kind = MetricsMember::Kind;
  const MetricsMember* epoch = object.find("epoch");
  if (epoch == nullptr || epoch->kind != Kind::integer) place.reject("no whole number \"epoch\"");
  const std::int64_t number = epoch->integer;
  if (number <= epoch_before || number > last_epoch) {
    place.reject("expected an epoch after ", epoch_before, ", found ", number);
  }
  for (const char* needed : {"test_accuracy", "seconds"}) {
    const MetricsMember* member = object.find(needed);
    if (member == nullptr || !member->is_number()) place.reject("no number \"", needed, "\"");
  }
  for (const char* name : {"test_accuracy", "validation_accuracy"}) {
    const MetricsMember* accuracy = object.find(name);
    if (accuracy == nullptr || !accuracy->is_number()) continue;
    if (!(accuracy->number >= 0.0 && accuracy->number <= 1.0)) {
      place.reject("expected \"", name, "\" from 0 to 1, found ", accuracy->number);
    }
  }
  const double seconds = object.find("seconds")->number;
  if (!(seconds >= 0.0 && seconds <= max_seconds)) {
    place.reject("expected a time for \"seconds\", found ", seconds);
  }
  const MetricsMember* diagnostics = object.find("diagnostics");
  if (diagnostics != nullptr && diagnostics->kind != Kind::object &&
      diagnostics->kind != Kind::null) {
    place.reject("expected an object for \"diagnostics\", found ", diagnostics->kind_name());
  }
  return {.epoch = static_cast<int>(number),
          .numbers = numbers_of(object.members, place),
          .diagnostics = numbers_of(object.diagnostics, place)};
}

}  // namespace

double EpochRecord::number(const std::string& name) const {
  for (const auto& [key, value] : numbers) {
    if (key == name) return value;
  }
  return std::numeric_limits<double>::quiet_NaN();
}

std::vector<EpochRecord>::const_iterator chosen_epoch(const std::vector<EpochRecord>& epochs) {
  std::vector<double> validation;
  std::vector<double> test;
  for (const EpochRecord& epoch : epochs) {
    validation.push_back(epoch.number("validation_accuracy"));
    test.push_back(epoch.number("test_accuracy"));
  }
  const std::optional<std::size_t> best = best_epoch_index(validation, test);
  return best ? epochs.begin() + static_cast<std::ptrdiff_t>(*best) : epochs.end();
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
