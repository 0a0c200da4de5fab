#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "optim/neuroplastic/step.h"
#include "optim/probe/signal_pieces.h"
#include "plastic/optim/optimizer.h"

namespace plastic::optim::neuroplastic {

/// α, â, ĝ and m̂.
constexpr std::size_t signal_count = 4;

/// A tensor's gradient and state after a step, on the CPU.
struct InspectedState {
  Tensor gradient, activity, momentum, variance;
};

/// NeuroPlastic::signals(), where α is clipped to [low, high].
std::vector<Signal> signals_between(double low, double high);

/// NeuroPlastic::inspect(): the signals as the step computed them, from what it left.
std::unique_ptr<SignalPieces> inspect(const Settings& settings, const TensorTotals& totals,
                                      const InspectedState& state);

}  // namespace plastic::optim::neuroplastic
