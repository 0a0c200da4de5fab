#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace plastic::apps {

struct ProbedTensor {
  std::string name;
  std::vector<std::int64_t> shape;
  std::int64_t count = 0;
};

/// What an optimizer shows of how it decides, an element of a tensor at a time.
struct ProbedSignal {
  std::string name;
  /// The range of its histograms, whose bins are equal in the logarithm if `is_logarithmic`.
  double low = 0.0;
  double high = 1.0;
  bool is_logarithmic = false;
  /// Whether the rule itself clips it to [low, high].
  bool clips = false;
};

/// The first line of a probe.jsonl.
struct ProbeHeader {
  std::string optimizer;
  /// Steps from one probed step to the next.
  std::int64_t every = 1;
  std::int64_t steps_per_epoch = 1;
  std::vector<ProbedTensor> tensors;
  std::vector<ProbedSignal> signals;
  /// Which quantiles: ascending, from 0 to 1.
  std::vector<double> quantiles;
  std::size_t bins = 0;
};

/// A signal's numbers at a step; of all vectors, the tensor is the slowest index. NaN for what the
/// file has no number for.
struct SignalRecord {
  std::vector<double> mean, deviation, at_low, at_high;
  /// (tensors, quantiles).
  std::vector<double> quantiles;
  /// (tensors, bins).
  std::vector<double> histogram;
};

/// A number per tensor that an optimizer gives by name: "gain".
using NamedNumbers = std::pair<std::string, std::vector<double>>;

/// A step of a probe.jsonl. Each vector has an element for each tensor, NaN for what the file has
/// no number for.
struct ProbeRecord {
  std::int64_t step = 0;
  std::int64_t epoch = 0;
  double loss = 0.0;
  double learning_rate = 0.0;
  std::vector<double> weight_norm, gradient_norm, update_norm, cosine;
  std::vector<NamedNumbers> numbers;
  /// In the order of the header's.
  std::vector<SignalRecord> signals;

  /// ‖update‖ / ‖weight‖ of a tensor.
  double ratio(std::size_t tensor) const { return update_norm[tensor] / weight_norm[tensor]; }
  /// Those called `name`, or null.
  const std::vector<double>* find(const std::string& name) const;
};

/// The signal that is looked at first: the one that the rule clips, else the first; the number of
/// signals where there is none.
std::size_t main_signal(const ProbeHeader& header);

}  // namespace plastic::apps
