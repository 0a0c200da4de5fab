#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "plastic/core/state_dict.h"
#include "plastic/core/tensor.h"
#include "plastic/optim/optimizer.h"

#pragma GCC visibility push(default)

namespace plastic::optim {

/// What a Probe reads, and when.
struct ProbeOptions {
  /// Steps every, 2·every, 3·every, ... are probed; the first step is 1.
  std::int64_t every = 10;
  /// The names of the parameters to probe: `*` stands for any characters, `?` for one, and a comma
  /// separates patterns, of which one must match. "*.weight", "0.*,2.*".
  std::string tensors = "*";
  /// Quantiles and histograms are those of at most so many elements, evenly spaced in the tensor,
  /// 2^24 at the most; 0 for all of them. Everything else is over all elements.
  std::int64_t sample = 1024;
};

/// A signal's distribution over the elements of a tensor. NaN where an element is NaN.
struct SignalReading {
  /// Of the histogram.
  static constexpr std::size_t bins = 64;
  /// Of the quantiles.
  static constexpr std::array<double, 5> probabilities = {0.05, 0.25, 0.5, 0.75, 0.95};

  /// Mean over the elements.
  double mean = 0;
  /// Population standard deviation.
  double deviation = 0;
  /// Share of the elements at Signal::low, or below it; for clips to within a millionth of the
  /// range.
  double at_low = 0;
  /// Share of the elements at Signal::high, or above it, likewise.
  double at_high = 0;
  /// At `probabilities`; between two elements, linear, as numpy.quantile computes them. Elements
  /// that are NaN are left out.
  std::array<double, 5> quantiles{};
  /// Counts in equal bins of [low, high], equal in the logarithm where Signal::is_logarithmic; a
  /// bin contains its lower end, the last one both. What is outside is counted in the first and the
  /// last. NaN is not counted.
  std::array<std::int64_t, bins> histogram{};
};

/// What a step did to a tensor. The norms are those of all elements as one vector.
struct TensorReading {
  /// False where the step left the tensor alone: the rest then says nothing.
  bool is_updated = false;
  /// ‖θ‖ after the step.
  double weight_norm = 0;
  /// Of the gradient that the optimizer read, clipping included.
  double gradient_norm = 0;
  /// ‖θ after the step - θ before it‖, so weight decay is part of it.
  double update_norm = 0;
  /// Between this step's update and that of the step before; NaN where one of them is 0 or was not
  /// observed.
  double cosine = 0;
  /// Inspection::numbers of the optimizer.
  std::vector<Diagnostic> numbers = {};
  /// In the order of Optimizer::signals().
  std::vector<SignalReading> signals = {};
};

/// What one step did to each tensor.
struct ProbeReading {
  /// Counted from 1.
  std::int64_t step = 0;
  /// In the order of Probe::tensors().
  std::vector<TensorReading> tensors = {};
};

/// Reads from any optimizer, every few steps, what its step did to each parameter and by which
/// signals:
///
///     optim::Probe probe(optimizer, model.named_parameters(), {.every = 10});
///     for (...) {
///       probe.before_step();
///       ...                       // zero_grad(), forward, backward(), optimizer.step()
///       if (const optim::ProbeReading* reading = probe.after_step()) ...
///     }
///
/// Training takes the same bits with and without it, and a reading has the same bits for any number
/// of threads. Before a probed step and before the one that precedes it, the weights are copied,
/// which takes memory for two copies of the probed parameters; after a probed step they are read
/// once and each signal is; other steps cost nothing. On a device other than the CPU a reading
/// waits for the device and fetches weights, gradients and state.
///
/// Weights are compared between before_step() and after_step(). So for an optimizer that takes
/// several gradients per step (plastic/optim/sam.h), before_step() comes before perturb(); and one
/// that evaluates other weights than it trains (plastic/optim/schedule_free.h) is in training mode
/// at both. Frozen parameters, and those without a gradient, are not updated, and their readings
/// say so.
class Probe {
 public:
  /// Probes those of `parameters` that the optimizer has and options.tensors names, in their order.
  /// The optimizer must outlive it. Throws Error for options out of range, for a pattern that
  /// matches none of them, naming them, and for signals whose range is no range.
  Probe(const Optimizer& optimizer, const std::vector<NamedTensor>& parameters,
        const ProbeOptions& options = {});
  ~Probe();
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;

  /// Those it was made with.
  const ProbeOptions& options() const;
  /// What is probed.
  const std::vector<NamedTensor>& tensors() const;
  /// Optimizer::signals().
  const std::vector<Signal>& signals() const;
  /// How many steps were taken.
  std::int64_t steps() const;
  /// Whether after_step() will have a reading of the next step.
  bool is_next_probed() const;

  /// To be called before each step, before its first backward().
  void before_step();
  /// To be called after each step. The reading, which is valid until the next call; null for a step
  /// that is not probed. Throws Error where before_step() was left out or the optimizer shows other
  /// signals than signals() describes.
  const ProbeReading* after_step();

  /// What later readings depend on besides the parameters and the optimizer's state: "steps", and,
  /// where the next step is probed, "before.<i>", the weights before the last one.
  StateDict state_dict() const;
  /// Throws Error, changing nothing, for a state that is not one of these tensors.
  void load_state_dict(const StateDict& state);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace plastic::optim

#pragma GCC visibility pop
