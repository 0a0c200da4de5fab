#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "apps/microscope/probe_line.h"
#include "apps/runs/json_parser.h"

namespace plastic::apps {
namespace {

using nlohmann::ordered_json;

constexpr std::int64_t known_format = 1;
// Beyond any tensor and any run.
constexpr std::int64_t max_count = std::int64_t{1} << 48;

template <class... Parts>
[[noreturn]] void reject(const Parts&... parts) {
  throw std::runtime_error((std::string() + ... + parts));
}

const ordered_json& member(const ordered_json& object, const std::string& name) {
  const auto found = object.find(name);
  if (found == object.end()) reject("no \"", name, "\"");
  return *found;
}

std::int64_t integer(const ordered_json& object, const std::string& name, std::int64_t low,
                     std::int64_t high) {
  const ordered_json& value = member(object, name);
  // What an i64 cannot hold is unsigned.
  const bool fits = value.is_number_integer() &&
                    !(value.is_number_unsigned() && value.get<std::uint64_t>() > max_count);
  const std::int64_t number = fits ? value.get<std::int64_t>() : 0;
  if (!fits || number < low || number > high) {
    reject("expected a whole number from ", std::to_string(low), " to ", std::to_string(high),
           " for \"", name, "\", found ", value.dump().substr(0, 40));
  }
  return number;
}

double number(const ordered_json& object, const std::string& name) {
  const ordered_json& value = member(object, name);
  if (!value.is_number()) reject("\"", name, "\" is not a number");
  return value.get<double>();
}

std::string text(const ordered_json& object, const std::string& name) {
  const ordered_json& value = member(object, name);
  if (!value.is_string()) reject("\"", name, "\" is not a text");
  return value.get<std::string>();
}

bool boolean(const ordered_json& object, const std::string& name) {
  const ordered_json& value = member(object, name);
  if (!value.is_boolean()) reject("\"", name, "\" is neither true nor false");
  return value.get<bool>();
}

const ordered_json& list(const ordered_json& object, const std::string& name, std::size_t longest) {
  const ordered_json& value = member(object, name);
  if (!value.is_array()) reject("\"", name, "\" is not a list");
  if (value.size() > longest) {
    reject("\"", name, "\" has ", std::to_string(value.size()), " elements, more than ",
           std::to_string(longest));
  }
  return value;
}

const ordered_json& object_in(const ordered_json& value, const std::string& what) {
  if (!value.is_object()) reject(what, " is not an object");
  return value;
}

ProbedTensor tensor_of(const ordered_json& json) {
  object_in(json, "a tensor");
  ProbedTensor tensor{
      .name = text(json, "name"), .shape = {}, .count = integer(json, "count", 0, max_count)};
  for (const ordered_json& size : list(json, "shape", 16)) {
    if (!size.is_number_integer()) reject("a shape of \"", tensor.name, "\" is not whole numbers");
    tensor.shape.push_back(size.get<std::int64_t>());
  }
  return tensor;
}

ProbedSignal signal_of(const ordered_json& json) {
  object_in(json, "a signal");
  ProbedSignal signal{.name = text(json, "name"),
                      .low = number(json, "low"),
                      .high = number(json, "high"),
                      .is_logarithmic = text(json, "scale") == "log",
                      .clips = boolean(json, "clips")};
  const bool is_range = std::isfinite(signal.low) && std::isfinite(signal.high) &&
                        signal.low < signal.high && (!signal.is_logarithmic || signal.low > 0);
  if (!is_range) reject("the range of the signal \"", signal.name, "\" is none");
  return signal;
}

}  // namespace

const std::vector<double>* ProbeRecord::find(const std::string& name) const {
  for (const auto& [key, values] : numbers) {
    if (key == name) return &values;
  }
  return nullptr;
}

std::size_t main_signal(const ProbeHeader& header) {
  for (std::size_t i = 0; i < header.signals.size(); ++i) {
    if (header.signals[i].clips) return i;
  }
  return 0;
}

ProbeHeader parse_probe_header(std::string_view line) {
  const ordered_json json = parse_json(line);
  object_in(json, "the first line");
  const std::int64_t format = integer(json, "format", 1, max_count);
  if (format != known_format) {
    reject("the file has format ", std::to_string(format), ", this program reads format ",
           std::to_string(known_format), "; use the program that wrote it, or a newer one");
  }
  ProbeHeader header{.optimizer = text(json, "optimizer"),
                     .every = integer(json, "every", 1, max_count),
                     .steps_per_epoch = integer(json, "steps_per_epoch", 1, max_count),
                     .tensors = {},
                     .signals = {},
                     .quantiles = {},
                     .bins = 0};
  for (const ordered_json& tensor : list(json, "tensors", max_probed_tensors)) {
    header.tensors.push_back(tensor_of(tensor));
  }
  if (header.tensors.empty()) reject("no tensor is probed");
  for (const ordered_json& signal : list(json, "signals", max_probed_signals)) {
    header.signals.push_back(signal_of(signal));
  }
  if (header.signals.empty()) return header;
  for (const ordered_json& quantile : list(json, "quantiles", max_probe_quantiles)) {
    if (!quantile.is_number()) reject("a quantile is not a number");
    header.quantiles.push_back(quantile.get<double>());
  }
  header.bins = static_cast<std::size_t>(
      integer(json, "bins", 1, static_cast<std::int64_t>(max_histogram_bins)));
  const std::size_t rows = header.tensors.size() * header.signals.size();
  // Four numbers stand beside quantiles and bins.
  const std::size_t widest = std::max({header.bins, header.quantiles.size(), std::size_t{4}});
  if (widest > max_probe_bins / rows) {
    reject("expected at most ", std::to_string(max_probe_bins), " bins in a step, found ",
           std::to_string(rows), " histograms of ", std::to_string(header.bins));
  }
  return header;
}

}  // namespace plastic::apps
