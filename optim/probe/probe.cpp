#include "plastic/optim/probe.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <unordered_map>
#include <utility>

#include "core/check.h"
#include "core/device/full_precision.h"
#include "core/io/state_index.h"
#include "core/threads/parallel.h"
#include "optim/numbers.h"
#include "optim/probe/distribution.h"
#include "optim/probe/name_pattern.h"
#include "optim/probe/signal_pieces.h"
#include "optim/probe/tensor_pass.h"
#include "plastic/core/autograd.h"
#include "plastic/core/device.h"

namespace plastic::optim {
namespace {

constexpr const char* op = "probe";

/// So that its product with the number of a tensor's elements fits into 63 bits.
constexpr std::int64_t max_sample = std::int64_t{1} << 24;

/// Elements that are read together: of a device, or where signals are whole tensors, memory is
/// taken for all of them.
constexpr std::int64_t max_together = std::int64_t{1} << 22;

constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

std::string before_name(std::size_t index) { return "before." + std::to_string(index); }

void check(const ProbeOptions& options) {
  if (options.every < 1) fail(op, "every is ", options.every, "; it must be 1 or more");
  if (options.sample < 0 || options.sample > max_sample) {
    fail(op, "sample is ", options.sample, "; it must be 0, for all elements, or up to ",
         max_sample);
  }
}

void check(const Signal& signal) {
  const bool is_range = std::isfinite(signal.low) && std::isfinite(signal.high) &&
                        signal.low <= signal.high && (!signal.is_logarithmic || signal.low > 0);
  if (is_range) return;
  fail(op, "the signal \"", signal.name, "\" has the range [", signal.low, ", ", signal.high,
       signal.is_logarithmic ? "] in the logarithm" : "]", "; give it two finite ends in order",
       signal.is_logarithmic ? ", both above 0" : "");
}

/// Those of `all` that `patterns` names.
std::vector<NamedTensor> matching(const std::vector<NamedTensor>& all,
                                  const std::string& patterns) {
  std::vector<NamedTensor> found;
  std::string names;
  for (const NamedTensor& one : all) {
    names += (names.empty() ? "" : ", ") + one.name;
    if (matches_pattern(patterns, one.name)) found.push_back(one);
  }
  if (found.empty()) {
    fail(op, "no parameter's name matches \"", patterns, "\"; the optimizer's are ",
         names.empty() ? "none of those given" : names);
  }
  return found;
}

/// Sorts the sample.
SignalReading reading_of(const Bins& bins, SignalPass& pass) {
  const SignalMoments& moments = pass.moments;
  SignalReading out;
  out.mean = moments.mean;
  out.deviation = std::isnan(out.mean) ? unknown : std::sqrt(moments.square / moments.count);
  out.at_low = static_cast<double>(moments.at_low) / moments.count;
  out.at_high = static_cast<double>(moments.at_high) / moments.count;
  sort_keys(pass.sampled);
  out.quantiles = quantiles_of(pass.sampled);
  out.histogram = bins.count(pass.sampled);
  return out;
}

double cosine_of(const UpdateSums& sums) {
  if (!(sums.update_square > 0 && sums.previous_square > 0)) return unknown;
  const double cosine =
      sums.product / (std::sqrt(sums.update_square) * std::sqrt(sums.previous_square));
  return std::clamp(cosine, -1.0, 1.0);
}

/// On the CPU, of rank 1.
Tensor fetched(const Tensor& tensor) {
  return tensor.detach().to(Device()).contiguous().reshape({tensor.numel()});
}

}  // namespace

struct Probe::Parts {
  Parts(const Optimizer& shown, const std::vector<NamedTensor>& parameters,
        const ProbeOptions& given)
      : optimizer(shown), options(given), signals(shown.signals()) {
    check(options);
    for (const Signal& signal : signals) {
      check(signal);
      bins.emplace_back(signal);
    }
    std::unordered_map<const TensorImpl*, std::size_t> places;
    for (std::size_t i = 0; i < optimizer.parameter_count(); ++i) {
      places.emplace(optimizer.parameter(i).impl().get(), i);
    }
    std::vector<NamedTensor> known;
    for (const NamedTensor& one : parameters) {
      if (places.contains(one.tensor.impl().get())) known.push_back(one);
    }
    tensors = matching(known, options.tensors);
    for (const NamedTensor& one : tensors) indices.push_back(places.at(one.tensor.impl().get()));
  }

  /// The weights before one step.
  struct Copy {
    /// 0 where it holds none.
    std::int64_t step = 0;
    std::vector<Tensor> weights;
  };

  bool is_probed(std::int64_t step) const { return step % options.every == 0; }
  Copy& copy_of(std::int64_t step) { return copies[static_cast<std::size_t>(step % 2)]; }
  const Copy& copy_of(std::int64_t step) const {
    return copies[static_cast<std::size_t>(step % 2)];
  }

  void copy_weights(std::int64_t step);
  void read();
  TensorPass prepared(std::size_t at) const;
  void read_together(std::span<TensorPass> passes, std::span<TensorReading* const> readings) const;

  const Optimizer& optimizer;
  ProbeOptions options;
  std::vector<Signal> signals;
  std::vector<Bins> bins;
  std::vector<NamedTensor> tensors;
  /// The number of each of `tensors` among the optimizer's parameters.
  std::vector<std::size_t> indices;
  std::int64_t steps = 0;
  /// The copies before even steps and before odd ones.
  std::array<Copy, 2> copies;
  ProbeReading reading;
};

void Probe::Parts::copy_weights(std::int64_t step) {
  const NoGrad no_grad;
  Copy& copy = copy_of(step);
  // Invalid while it is written.
  copy.step = 0;
  if (copy.weights.empty()) {
    for (const NamedTensor& one : tensors) {
      copy.weights.push_back(Tensor::empty(one.tensor.shape(), {.device = one.tensor.device()}));
    }
  }
  for (std::size_t i = 0; i < tensors.size(); ++i) copy.weights[i].copy_(tensors[i].tensor);
  copy.step = step;
}

TensorPass Probe::Parts::prepared(std::size_t at) const {
  const Copy& earlier = copy_of(steps - 1);
  const bool has_earlier = steps > 1 && earlier.step == steps - 1;
  TensorPass pass{.weights = fetched(tensors[at].tensor),
                  .gradient = fetched(optimizer.gradient(indices[at])),
                  .before = fetched(copy_of(steps).weights[at]),
                  .earlier = has_earlier ? fetched(earlier.weights[at]) : Tensor()};
  InPieces in_pieces;
  const FullPrecision f32;
  Inspection shown = optimizer.inspect(indices[at]);
  pass.pieces = in_pieces.take();
  if (pass.pieces) return pass;
  pass.numbers = std::move(shown.numbers);
  if (shown.signals.size() != signals.size()) {
    fail(op, optimizer.name(), " shows ", shown.signals.size(), " signals of \"", tensors[at].name,
         "\" and describes ", signals.size(), "; inspect() and signals() must agree");
  }
  for (std::size_t i = 0; i < signals.size(); ++i) {
    const Tensor& given = shown.signals[i];
    if (!given.defined() || given.dtype() != DType::f32 ||
        given.numel() != tensors[at].tensor.numel()) {
      fail(op, optimizer.name(), " shows \"", signals[i].name, "\" of \"", tensors[at].name,
           "\" as ", given.defined() ? to_string(given.shape()) : "nothing", " of ",
           given.defined() ? name_of(given.dtype()) : "no dtype", "; it must be f32 of shape ",
           to_string(tensors[at].tensor.shape()));
    }
    pass.signals.push_back(fetched(given));
  }
  return pass;
}

void Probe::Parts::read() {
  reading.step = steps;
  reading.tensors.assign(tensors.size(), {});
  std::vector<TensorPass> passes;
  std::vector<TensorReading*> readings;
  std::int64_t elements = 0;
  const auto read_prepared = [&] {
    read_together(passes, readings);
    passes.clear();
    readings.clear();
    elements = 0;
  };
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    TensorReading& out = reading.tensors[i];
    out.is_updated = optimizer.was_updated(indices[i]);
    if (!out.is_updated) continue;
    passes.push_back(prepared(i));
    readings.push_back(&out);
    elements += tensors[i].tensor.numel();
    if (elements >= max_together) read_prepared();
  }
  read_prepared();
}

void Probe::Parts::read_together(std::span<TensorPass> passes,
                                 std::span<TensorReading* const> readings) const {
  pass_over(passes, signals, options.sample);
  for (std::size_t i = 0; i < passes.size(); ++i) {
    const TensorPass& pass = passes[i];
    TensorReading& out = *readings[i];
    out.weight_norm = std::sqrt(pass.sums.weight_square);
    out.gradient_norm = std::sqrt(pass.sums.gradient_square);
    out.update_norm = std::sqrt(pass.sums.update_square);
    out.cosine = cosine_of(pass.sums);
    out.numbers = pass.pieces ? pass.pieces->numbers() : pass.numbers;
    out.signals.resize(signals.size());
  }
  if (signals.empty()) return;
  // A small sample takes less than a thread to wake.
  const std::int64_t grain = options.sample == 0 ? 1 : 1 + 8192 / options.sample;
  parallel_for(0, std::ssize(passes) * std::ssize(signals), grain,
               [&](std::int64_t first, std::int64_t last) {
                 for (std::int64_t k = first; k < last; ++k) {
                   const std::size_t i = static_cast<std::size_t>(k) / signals.size();
                   const std::size_t which = static_cast<std::size_t>(k) % signals.size();
                   readings[i]->signals[which] = reading_of(bins[which], passes[i].read[which]);
                 }
               });
}

Probe::Probe(const Optimizer& optimizer, const std::vector<NamedTensor>& parameters,
             const ProbeOptions& options)
    : parts_(std::make_unique<Parts>(optimizer, parameters, options)) {}

Probe::~Probe() = default;

const ProbeOptions& Probe::options() const { return parts_->options; }

const std::vector<NamedTensor>& Probe::tensors() const { return parts_->tensors; }

const std::vector<Signal>& Probe::signals() const { return parts_->signals; }

std::int64_t Probe::steps() const { return parts_->steps; }

bool Probe::is_next_probed() const { return parts_->is_probed(parts_->steps + 1); }

void Probe::before_step() {
  Parts& p = *parts_;
  const std::int64_t step = p.steps + 1;
  if (p.is_probed(step) || p.is_probed(step + 1)) p.copy_weights(step);
}

const ProbeReading* Probe::after_step() {
  Parts& p = *parts_;
  ++p.steps;
  if (!p.is_probed(p.steps)) return nullptr;
  if (p.copy_of(p.steps).step != p.steps) {
    fail(op, "before_step() was not called before step ", p.steps,
         "; call it before each step's first backward()");
  }
  p.read();
  return &p.reading;
}

StateDict Probe::state_dict() const {
  const Parts& p = *parts_;
  StateDict state{count("steps", p.steps)};
  const Parts::Copy& last = p.copy_of(p.steps);
  if (!is_next_probed() || p.steps == 0 || last.step != p.steps) return state;
  for (std::size_t i = 0; i < last.weights.size(); ++i) {
    state.push_back({before_name(i), last.weights[i].clone()});
  }
  return state;
}

void Probe::load_state_dict(const StateDict& state) {
  Parts& p = *parts_;
  std::vector<std::string> names{"steps"};
  if (state.size() > 1) {
    for (std::size_t i = 0; i < p.tensors.size(); ++i) names.push_back(before_name(i));
  }
  check_names(op, state, names);
  const std::int64_t steps = count_of(op, state, "steps");
  std::vector<Tensor> weights;
  for (std::size_t i = 0; i + 1 < names.size(); ++i) {
    const Tensor& parameter = p.tensors[i].tensor;
    const Tensor& given = find(state, names[i + 1], op);
    if (given.dtype() != parameter.dtype() || given.shape() != parameter.shape()) {
      fail(op, "state \"", names[i + 1], "\" is ", name_of(given.dtype()), " of shape ",
           to_string(given.shape()), "; \"", p.tensors[i].name, "\" is ",
           name_of(parameter.dtype()), " of shape ", to_string(parameter.shape()));
    }
    weights.push_back(given.to(parameter.device()).clone());
  }
  p.steps = steps;
  for (Parts::Copy& copy : p.copies) copy.step = 0;
  if (weights.empty()) return;
  p.copy_of(steps) = {.step = steps, .weights = std::move(weights)};
}

}  // namespace plastic::optim
