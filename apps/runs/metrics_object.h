#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace plastic::apps {

/// A member of a JSON object.
struct MetricsMember {
  enum class Kind { null, boolean, integer, number, text, array, object };

  std::string name;
  Kind kind = Kind::null;
  /// The value of an integer or a number.
  double number = 0.0;
  /// The value of an integer, if it fits.
  std::int64_t integer = 0;

  bool is_number() const { return kind == Kind::integer || kind == Kind::number; }
  /// "array": what a message calls it.
  const char* kind_name() const;
};

/// A line of metrics.jsonl: its members in their order, and those of "diagnostics" where that is an
/// object. Of other arrays and objects only the kind is known.
struct MetricsObject {
  std::vector<MetricsMember> members;
  std::vector<MetricsMember> diagnostics;

  /// The member called `name`, or null.
  const MetricsMember* find(std::string_view name) const;
};

/// Reads one, in a time that grows as its length: nlohmann's ordered_json looks through all members
/// for each. Throws std::runtime_error saying what is wrong with `text`, which is no JSON object or
/// has a member twice.
MetricsObject parse_metrics_object(const std::string& text);

}  // namespace plastic::apps
