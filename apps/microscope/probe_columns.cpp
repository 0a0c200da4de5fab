#include "apps/microscope/probe_columns.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace plastic::apps {
namespace {

constexpr double missing = std::numeric_limits<double>::quiet_NaN();

ColumnRule rule_of(const std::string& name) {
  for (const char* spiky : {"ratio", "gradient_norm", "update_norm", "at_low", "at_high"}) {
    if (name == spiky) return ColumnRule::largest;
  }
  return name == "norm_clip" ? ColumnRule::smallest : ColumnRule::mean;
}

// `count` is that of the numbers before.
void merge(double& into, double value, ColumnRule rule, std::size_t count) {
  if (count == 0) {
    into = value;
  } else if (rule == ColumnRule::mean) {
    into += value;
  } else {
    into = rule == ColumnRule::largest ? std::max(into, value) : std::min(into, value);
  }
}

std::vector<double> ratios(const ProbeRecord& record) {
  std::vector<double> values(record.update_norm.size());
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = record.ratio(i);
  return values;
}

// Adds `width` numbers, of which either all or none are there, and which are divided by `total`.
void add_row(float* into, const double* values, std::size_t width, double total,
             std::size_t& count) {
  for (std::size_t i = 0; i < width; ++i) {
    if (!std::isfinite(values[i])) return;
  }
  for (std::size_t i = 0; i < width; ++i) {
    into[i] =
        static_cast<float>((count == 0 ? 0.0 : static_cast<double>(into[i])) + values[i] / total);
  }
  ++count;
}

void divide_rows(std::vector<float>& values, std::size_t begin, std::size_t width,
                 std::vector<std::size_t>& counts) {
  for (std::size_t row = 0; row < counts.size(); ++row) {
    for (std::size_t i = 0; i < width && counts[row] > 1; ++i) {
      values[begin + row * width + i] /= static_cast<float>(counts[row]);
    }
  }
  std::ranges::fill(counts, std::size_t{0});
}

}  // namespace

ColumnReducer::ColumnReducer(const ProbeHeader& header, std::int64_t steps, std::size_t max_columns)
    : max_columns_(std::max<std::size_t>(1, max_columns)) {
  columns_.header = header;
  const auto all = static_cast<std::size_t>(std::max<std::int64_t>(1, steps));
  columns_.steps_per_column = (all + max_columns_ - 1) / max_columns_;
  columns_.distributions.resize(header.signals.size());
  const std::vector<std::size_t> none(header.tensors.size(), 0);
  quantile_counts_.assign(header.signals.size(), none);
  share_counts_ = quantile_counts_;
}

void ColumnReducer::add(const ProbeRecord& record) {
  if (in_column_ == columns_.steps_per_column) end_column();
  if (in_column_ == 0 && columns_.count() == max_columns_) return;
  if (in_column_ == 0) begin_column(record);
  ++in_column_;
  columns_.last_step.back() = record.step;
  columns_.epoch.back() = record.epoch;
  columns_.learning_rate.back() = record.learning_rate;
  add_losses(record);
  add("weight_norm", "", record.weight_norm);
  add("gradient_norm", "", record.gradient_norm);
  add("update_norm", "", record.update_norm);
  add("ratio", "", ratios(record));
  add("cosine", "", record.cosine);
  for (const auto& [name, values] : record.numbers) add(name, "", values);
  for (std::size_t i = 0; i < record.signals.size(); ++i) {
    const ProbedSignal& signal = columns_.header.signals[i];
    const SignalRecord& values = record.signals[i];
    add("mean", signal.name, values.mean);
    add("deviation", signal.name, values.deviation);
    if (signal.clips) {
      add("at_low", signal.name, values.at_low);
      add("at_high", signal.name, values.at_high);
    }
    add_distribution(i, values);
  }
}

ProbeColumns ColumnReducer::take() {
  if (in_column_ > 0) end_column();
  return std::move(columns_);
}

void ColumnReducer::begin_column(const ProbeRecord& record) {
  const std::size_t tensors = columns_.header.tensors.size();
  columns_.first_step.push_back(record.step);
  columns_.last_step.push_back(record.step);
  columns_.epoch.push_back(record.epoch);
  for (auto* values :
       {&columns_.loss, &columns_.loss_low, &columns_.loss_high, &columns_.learning_rate}) {
    values->push_back(missing);
  }
  const std::size_t cells = columns_.count() * tensors;
  for (ProbeQuantity& quantity : columns_.quantities) quantity.values.resize(cells, missing);
  for (ProbeDistribution& distribution : columns_.distributions) {
    distribution.quantiles.resize(cells * columns_.header.quantiles.size(), NAN);
    distribution.shares.resize(cells * columns_.header.bins, NAN);
  }
}

void ColumnReducer::add_losses(const ProbeRecord& record) {
  if (!std::isfinite(record.loss)) return;
  merge(columns_.loss.back(), record.loss, ColumnRule::mean, losses_);
  merge(columns_.loss_low.back(), record.loss, ColumnRule::smallest, losses_);
  merge(columns_.loss_high.back(), record.loss, ColumnRule::largest, losses_);
  ++losses_;
}

void ColumnReducer::add(const std::string& name, const std::string& signal,
                        const std::vector<double>& values) {
  const std::size_t tensors = columns_.header.tensors.size();
  auto found = std::ranges::find_if(columns_.quantities, [&](const ProbeQuantity& one) {
    return one.name == name && one.signal == signal;
  });
  if (found == columns_.quantities.end()) {
    columns_.quantities.push_back(
        {.name = name,
         .signal = signal,
         .rule = rule_of(name),
         .values = std::vector<double>(columns_.count() * tensors, missing)});
    counts_.emplace_back(tensors, 0);
    found = columns_.quantities.end() - 1;
  }
  std::vector<std::size_t>& counts =
      counts_[static_cast<std::size_t>(found - columns_.quantities.begin())];
  double* column = found->values.data() + (columns_.count() - 1) * tensors;
  for (std::size_t i = 0; i < tensors; ++i) {
    if (!std::isfinite(values[i])) continue;
    merge(column[i], values[i], found->rule, counts[i]);
    ++counts[i];
  }
}

void ColumnReducer::add_distribution(std::size_t signal, const SignalRecord& record) {
  const ProbeHeader& header = columns_.header;
  const std::size_t tensors = header.tensors.size();
  const std::size_t quantiles = header.quantiles.size();
  ProbeDistribution& into = columns_.distributions[signal];
  const std::size_t first = (columns_.count() - 1) * tensors;
  for (std::size_t i = 0; i < tensors; ++i) {
    if (quantiles > 0) {
      add_row(into.quantiles.data() + (first + i) * quantiles,
              record.quantiles.data() + i * quantiles, quantiles, 1.0, quantile_counts_[signal][i]);
    }
    const double* counts = record.histogram.data() + i * header.bins;
    double total = 0.0;
    for (std::size_t bin = 0; bin < header.bins; ++bin) total += counts[bin];
    if (!(total > 0)) continue;
    add_row(into.shares.data() + (first + i) * header.bins, counts, header.bins, total,
            share_counts_[signal][i]);
  }
}

void ColumnReducer::end_column() {
  const ProbeHeader& header = columns_.header;
  const std::size_t tensors = header.tensors.size();
  const std::size_t first = (columns_.count() - 1) * tensors;
  if (losses_ > 0) columns_.loss.back() /= static_cast<double>(losses_);
  losses_ = 0;
  for (std::size_t q = 0; q < columns_.quantities.size(); ++q) {
    ProbeQuantity& quantity = columns_.quantities[q];
    for (std::size_t i = 0; i < tensors; ++i) {
      if (quantity.rule != ColumnRule::mean || counts_[q][i] == 0) continue;
      quantity.values[first + i] /= static_cast<double>(counts_[q][i]);
    }
    std::ranges::fill(counts_[q], std::size_t{0});
  }
  for (std::size_t signal = 0; signal < header.signals.size(); ++signal) {
    ProbeDistribution& distribution = columns_.distributions[signal];
    divide_rows(distribution.quantiles, first * header.quantiles.size(), header.quantiles.size(),
                quantile_counts_[signal]);
    divide_rows(distribution.shares, first * header.bins, header.bins, share_counts_[signal]);
  }
  in_column_ = 0;
}

}  // namespace plastic::apps
