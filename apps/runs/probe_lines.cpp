// Written by hand: a line has thousands of numbers, and a step may take a millisecond.
#include "apps/runs/probe_lines.h"

#include <charconv>
#include <cmath>
#include <iterator>
#include <limits>
#include <optional>
#include <string_view>
#include <system_error>

#include "core/check.h"
#include "core/io/json_text.h"

namespace plastic::apps {
namespace {

using optim::SignalReading;
using optim::TensorReading;

constexpr std::string_view step_beginning = "{\"step\":";

template <class T>
void append_text(std::string& out, T value) {
  char text[32];
  const auto end = std::to_chars(std::begin(text), std::end(text), value);
  out.append(text, end.ptr);
}

void append(std::string& out, std::int64_t value) { append_text(out, value); }

// Shortest text of the nearest f32, or of the f64 itself where an f32 cannot hold it.
void append(std::string& out, double value) {
  if (!std::isfinite(value)) {
    out += "null";
    return;
  }
  const double size = std::abs(value);
  const bool is_f32 =
      size == 0 || (size >= static_cast<double>(std::numeric_limits<float>::min()) &&
                    size <= static_cast<double>(std::numeric_limits<float>::max()));
  if (is_f32) {
    append_text(out, static_cast<float>(value));
  } else {
    append_text(out, value);
  }
}

template <class Numbers>
void append_array(std::string& out, const Numbers& numbers) {
  out += '[';
  bool is_first = true;
  for (const auto number : numbers) {
    if (!is_first) out += ',';
    is_first = false;
    append(out, number);
  }
  out += ']';
}

void append_string(std::string& out, std::string_view text) {
  const std::optional<std::string> json = json_string(text);
  if (!json) fail("probe", "a name is not UTF-8; rename it");
  out += *json;
}

// "name":[one(tensor), ...], with null for tensors that were not updated.
template <class F>
void append_column(std::string& out, const char* name, const std::vector<TensorReading>& tensors,
                   F one) {
  out += '"';
  out += name;
  out += "\":[";
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (i > 0) out += ',';
    if (tensors[i].is_updated) {
      one(tensors[i]);
    } else {
      out += "null";
    }
  }
  out += ']';
}

// The optimizer gives the same names for every tensor.
void append_numbers(std::string& out, const std::vector<TensorReading>& tensors) {
  out += "\"numbers\":{";
  for (const TensorReading& named : tensors) {
    if (!named.is_updated) continue;
    for (std::size_t k = 0; k < named.numbers.size(); ++k) {
      if (k > 0) out += ',';
      const std::string name(named.numbers[k].name);
      append_column(out, name.c_str(), tensors, [&](const TensorReading& tensor) {
        const bool has_it = k < tensor.numbers.size() && tensor.numbers[k].name == name;
        append(out, has_it ? tensor.numbers[k].value : std::numeric_limits<double>::quiet_NaN());
      });
    }
    break;
  }
  out += '}';
}

void append_signal(std::string& out, std::size_t which, const std::vector<TensorReading>& tensors) {
  const auto column = [&](const char* name, double SignalReading::*member) {
    append_column(out, name, tensors,
                  [&](const TensorReading& tensor) { append(out, tensor.signals[which].*member); });
    out += ',';
  };
  out += '{';
  column("mean", &SignalReading::mean);
  column("deviation", &SignalReading::deviation);
  column("at_low", &SignalReading::at_low);
  column("at_high", &SignalReading::at_high);
  append_column(out, "quantiles", tensors, [&](const TensorReading& tensor) {
    append_array(out, tensor.signals[which].quantiles);
  });
  out += ',';
  append_column(out, "histogram", tensors, [&](const TensorReading& tensor) {
    append_array(out, tensor.signals[which].histogram);
  });
  out += '}';
}

}  // namespace

std::string probe_header(const optim::Probe& probe, const std::string& optimizer,
                         std::int64_t steps_per_epoch) {
  std::string out = "{\"format\":1,\"optimizer\":";
  append_string(out, optimizer);
  out += ",\"every\":";
  append(out, probe.options().every);
  out += ",\"steps_per_epoch\":";
  append(out, steps_per_epoch);
  out += ",\"sample\":";
  append(out, probe.options().sample);
  out += ",\"tensors\":[";
  for (const NamedTensor& one : probe.tensors()) {
    if (out.back() != '[') out += ',';
    out += "{\"name\":";
    append_string(out, one.name);
    out += ",\"shape\":";
    append_array(out, one.tensor.shape());
    out += ",\"count\":";
    append(out, one.tensor.numel());
    out += '}';
  }
  out += "],\"signals\":[";
  for (const optim::Signal& signal : probe.signals()) {
    if (out.back() != '[') out += ',';
    out += "{\"name\":";
    append_string(out, signal.name);
    out += ",\"low\":";
    append(out, signal.low);
    out += ",\"high\":";
    append(out, signal.high);
    out += ",\"scale\":";
    out += signal.is_logarithmic ? "\"log\"" : "\"linear\"";
    out += ",\"clips\":";
    out += signal.is_clipped ? "true" : "false";
    out += '}';
  }
  out += "],\"quantiles\":";
  append_array(out, SignalReading::probabilities);
  out += ",\"bins\":";
  append(out, static_cast<std::int64_t>(SignalReading::bins));
  out += "}\n";
  return out;
}

std::string probe_line(const optim::Probe& probe, const ProbedStep& step) {
  const std::vector<TensorReading>& tensors = step.reading.tensors;
  std::string out(step_beginning);
  out.reserve(tensors.size() * (probe.signals().size() + 1) * 320);
  append(out, step.reading.step);
  out += ",\"epoch\":";
  append(out, std::int64_t{step.epoch});
  out += ",\"loss\":";
  append(out, step.loss);
  out += ",\"lr\":";
  append(out, step.learning_rate);
  const auto column = [&](const char* name, double TensorReading::*member) {
    out += ',';
    append_column(out, name, tensors,
                  [&](const TensorReading& tensor) { append(out, tensor.*member); });
  };
  column("weight_norm", &TensorReading::weight_norm);
  column("gradient_norm", &TensorReading::gradient_norm);
  column("update_norm", &TensorReading::update_norm);
  column("cosine", &TensorReading::cosine);
  out += ',';
  append_numbers(out, tensors);
  out += ",\"signals\":{";
  for (std::size_t i = 0; i < probe.signals().size(); ++i) {
    if (i > 0) out += ',';
    append_string(out, probe.signals()[i].name);
    out += ':';
    append_signal(out, i, tensors);
  }
  out += "}}\n";
  return out;
}

std::int64_t step_of_probe_line(const std::string& beginning) {
  if (!beginning.starts_with(step_beginning)) return 0;
  const char* const first = beginning.data() + step_beginning.size();
  const char* const last = beginning.data() + beginning.size();
  std::int64_t step = 0;
  const auto [end, error] = std::from_chars(first, last, step);
  return error == std::errc() && end != last && *end == ',' && step > 0 ? step : 0;
}

}  // namespace plastic::apps
