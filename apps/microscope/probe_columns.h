#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "apps/microscope/probe_record.h"

namespace plastic::apps {

/// How the probed steps of a column become one number.
enum class ColumnRule { mean, largest, smallest };

/// A quantity of each tensor over time: (columns, tensors), NaN for a tensor that no step of the
/// column has a number for.
struct ProbeQuantity {
  /// "ratio", "cosine", "gradient_norm", …; a name of the optimizer's numbers; or of a signal, with
  /// `signal`: "mean", "deviation", "at_low", "at_high".
  std::string name;
  /// Empty where it is not a signal's.
  std::string signal = {};
  ColumnRule rule = ColumnRule::mean;
  std::vector<double> values = {};
};

/// A signal's distribution over time: means of the steps' quantiles (columns, tensors, quantiles)
/// and of the shares of elements in each bin (columns, tensors, bins). NaN for what is not known.
struct ProbeDistribution {
  std::vector<float> quantiles;
  std::vector<float> shares;
};

/// A probe.jsonl with at most so many columns of time, each of `steps_per_column` probed steps (the
/// last of what is left). Spikes, which a mean would hide, are kept: of the norms of gradients and
/// updates, update/weight ratios and shares at a clip, a column has the largest, of "norm_clip" the
/// smallest; of all else the mean.
struct ProbeColumns {
  ProbeHeader header;
  std::size_t steps_per_column = 1;
  /// One for each column.
  std::vector<std::int64_t> first_step, last_step, epoch;
  std::vector<double> loss, loss_low, loss_high, learning_rate;
  std::vector<ProbeQuantity> quantities;
  /// In the order of the header's signals.
  std::vector<ProbeDistribution> distributions;

  std::size_t count() const { return last_step.size(); }
};

/// Reduces steps in their order. `steps` is how many there will be; those beyond are left out.
class ColumnReducer {
 public:
  ColumnReducer(const ProbeHeader& header, std::int64_t steps, std::size_t max_columns);

  void add(const ProbeRecord& record);
  ProbeColumns take();

 private:
  void begin_column(const ProbeRecord& record);
  void add_losses(const ProbeRecord& record);
  void add(const std::string& name, const std::string& signal, const std::vector<double>& values);
  void add_distribution(std::size_t signal, const SignalRecord& record);
  void end_column();

  ProbeColumns columns_;
  std::size_t max_columns_;
  std::size_t in_column_ = 0;
  // Numbers that were added in the column that is being made: finite losses, numbers of each
  // quantity per tensor, and of each signal per tensor.
  std::size_t losses_ = 0;
  std::vector<std::vector<std::size_t>> counts_;
  std::vector<std::vector<std::size_t>> quantile_counts_, share_counts_;
};

}  // namespace plastic::apps
