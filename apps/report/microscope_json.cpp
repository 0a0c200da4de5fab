#include "apps/report/microscope_json.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "apps/microscope/probe_words.h"
#include "apps/terminal/terminal_text.h"

namespace plastic::apps {
namespace {

using nlohmann::ordered_json;

// Base64's.
constexpr std::string_view digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::size_t base = 64;
// The largest number of three digits. 0 stands for no number, and in a logarithmic range 1 for 0.
constexpr std::size_t largest_code = base * base * base - 1;

// From this ratio of largest to smallest, steps of a linear range would show in small numbers.
constexpr double wide_range = 20.0;

void append_digits(std::string& text, std::size_t value, int count) {
  const std::size_t begin = text.size();
  text.append(static_cast<std::size_t>(count), digits[0]);
  for (std::size_t i = text.size(); i > begin && value > 0; --i) {
    text[i - 1] = digits[value % base];
    value /= base;
  }
}

// The histograms of a tensor, column by column: where the bins that are not empty begin and how
// many they are, two digits each, and a digit for each: the root of its share, in 63rds of that of
// the largest share, so that small shares beside a large one at a clip are still told apart.
std::string packed_shares(const ProbeColumns& columns, const std::vector<float>& shares,
                          std::size_t tensor, float largest) {
  const std::size_t bins = columns.header.bins;
  const std::size_t tensors = columns.header.tensors.size();
  std::string text;
  for (std::size_t column = 0; column < columns.count(); ++column) {
    const std::span<const float> row(shares.data() + (column * tensors + tensor) * bins, bins);
    // A comparison with what is not known is false.
    const auto is_filled = [](float share) { return share > 0.0F; };
    const auto first = std::ranges::find_if(row, is_filled);
    auto last = row.end();
    while (last != first && !is_filled(*(last - 1))) --last;
    append_digits(text, first == last ? 0 : static_cast<std::size_t>(first - row.begin()), 2);
    append_digits(text, static_cast<std::size_t>(last - first), 2);
    for (auto bin = first; bin != last; ++bin) {
      const long level = std::lround(std::sqrt(*bin / largest) * float{base - 1});
      append_digits(text, static_cast<std::size_t>(is_filled(*bin) ? std::max(1L, level) : 0), 1);
    }
  }
  return text;
}

float largest_share(const ProbeColumns& columns, const std::vector<float>& shares,
                    std::size_t tensor) {
  const std::size_t bins = columns.header.bins;
  const std::size_t tensors = columns.header.tensors.size();
  float largest = 0.0F;
  for (std::size_t column = 0; column < columns.count(); ++column) {
    for (std::size_t bin = 0; bin < bins; ++bin) {
      const float share = shares[(column * tensors + tensor) * bins + bin];
      if (share > largest) largest = share;
    }
  }
  return largest;
}

// (columns, tensors, width) as (tensors, width, columns).
template <class T>
std::vector<double> by_tensor(const ProbeColumns& columns, const std::vector<T>& values,
                              std::size_t width) {
  const std::size_t tensors = columns.header.tensors.size();
  std::vector<double> turned;
  turned.reserve(values.size());
  for (std::size_t row = 0; row < tensors * width; ++row) {
    for (std::size_t column = 0; column < columns.count(); ++column) {
      turned.push_back(static_cast<double>(values[column * tensors * width + row]));
    }
  }
  return turned;
}

ordered_json signal_json(const ProbeColumns& columns, std::size_t index) {
  const ProbedSignal& signal = columns.header.signals[index];
  const ProbeDistribution& distribution = columns.distributions[index];
  ordered_json largest = ordered_json::array();
  ordered_json histograms = ordered_json::array();
  for (std::size_t tensor = 0; tensor < columns.header.tensors.size(); ++tensor) {
    const float share = largest_share(columns, distribution.shares, tensor);
    largest.push_back(std::round(1e6 * static_cast<double>(share)) / 1e6);
    histograms.push_back(packed_shares(columns, distribution.shares, tensor, share));
  }
  return {{"name", printable(signal.name)},
          {"label", printable(signal_label(signal.name))},
          {"low", signal.low},
          {"high", signal.high},
          {"logarithmic", signal.is_logarithmic},
          {"clips", signal.clips},
          {"largest", std::move(largest)},
          {"histograms", std::move(histograms)},
          {"quantiles", packed_numbers(by_tensor(columns, distribution.quantiles,
                                                 columns.header.quantiles.size()))}};
}

const char* rule_name(ColumnRule rule) {
  switch (rule) {
    case ColumnRule::mean:
      return "mean";
    case ColumnRule::largest:
      return "largest";
    case ColumnRule::smallest:
      return "smallest";
  }
  return "";
}

std::string shape_text(const ProbedTensor& tensor) {
  std::string text;
  for (const std::int64_t size : tensor.shape)
    text += (text.empty() ? "" : "×") + std::to_string(size);
  return text;
}

}  // namespace

ordered_json packed_numbers(std::span<const double> values) {
  double low = std::numeric_limits<double>::infinity();
  double high = -low;
  double least_above_0 = low;
  for (const double value : values) {
    if (!std::isfinite(value)) continue;
    low = std::min(low, value);
    high = std::max(high, value);
    if (value > 0) least_above_0 = std::min(least_above_0, value);
  }
  if (low > high) low = high = 0.0;
  const bool is_logarithmic = low >= 0 && high > wide_range * least_above_0;
  if (is_logarithmic) low = least_above_0;
  const std::size_t first_code = is_logarithmic ? 2 : 1;
  // Halves, as the whole width of a range may be more than a double holds.
  const auto place = [is_logarithmic](double value) {
    return (is_logarithmic ? std::log(value) : value) / 2;
  };
  const double width = place(high) - place(low);
  std::string text;
  text.reserve(3 * values.size());
  for (const double value : values) {
    std::size_t code = 0;
    if (is_logarithmic && value == 0) {
      code = 1;
    } else if (std::isfinite(value)) {
      const double share = width > 0 ? (place(value) - place(low)) / width : 0.0;
      code = first_code + static_cast<std::size_t>(
                              std::lround(share * static_cast<double>(largest_code - first_code)));
    }
    append_digits(text, code, 3);
  }
  return {{"low", low}, {"high", high}, {"logarithmic", is_logarithmic}, {"data", std::move(text)}};
}

ordered_json microscope_json(const ProbeColumns& columns) {
  const ProbeHeader& header = columns.header;
  ordered_json tensors = ordered_json::array();
  for (const ProbedTensor& tensor : header.tensors) {
    tensors.push_back(
        {{"name", printable(tensor.name)}, {"shape", shape_text(tensor)}, {"count", tensor.count}});
  }
  ordered_json quantities = ordered_json::array();
  for (const ProbeQuantity& quantity : columns.quantities) {
    ordered_json json = {{"name", printable(quantity.name)},
                         {"signal", printable(quantity.signal)},
                         {"rule", rule_name(quantity.rule)}};
    json.update(packed_numbers(by_tensor(columns, quantity.values, 1)));
    quantities.push_back(std::move(json));
  }
  ordered_json signals = ordered_json::array();
  for (std::size_t i = 0; i < header.signals.size(); ++i)
    signals.push_back(signal_json(columns, i));
  return {{"optimizer", printable(header.optimizer)},
          {"every", header.every},
          {"stepsPerEpoch", header.steps_per_epoch},
          {"stepsPerColumn", columns.steps_per_column},
          {"bins", header.bins},
          {"levels", header.quantiles},
          {"tensors", std::move(tensors)},
          {"first", columns.first_step},
          {"last", columns.last_step},
          {"epoch", columns.epoch},
          {"loss", packed_numbers(columns.loss)},
          {"lossLow", packed_numbers(columns.loss_low)},
          {"lossHigh", packed_numbers(columns.loss_high)},
          {"learningRate", packed_numbers(columns.learning_rate)},
          {"quantities", std::move(quantities)},
          {"signals", std::move(signals)}};
}

std::size_t characters_per_column(const ProbeHeader& header) {
  // Ten quantities without a signal, up to four with one; about half of the bins are in use.
  const std::size_t per_signal = 3 * (4 + header.quantiles.size()) + 4 + header.bins / 2;
  return header.tensors.size() * (3 * 10 + header.signals.size() * per_signal);
}

}  // namespace plastic::apps
