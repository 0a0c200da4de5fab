#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "optim/probe/cpu_sums.h"
#include "optim/probe/signal_pieces.h"
#include "plastic/core/tensor.h"
#include "plastic/optim/optimizer.h"

namespace plastic::optim {

/// A signal over all elements of a tensor.
struct SignalPass {
  SignalMoments moments;
  /// The keys of the sample, in the tensor's order; NaN left out.
  std::vector<std::uint32_t> sampled;
};

/// A tensor after a step, on the CPU and contiguous, and what is read of it.
struct TensorPass {
  /// `earlier` are the weights before the step before; undefined where they are not known.
  Tensor weights, gradient, before, earlier;
  /// What the optimizer shows; where null, `signals` and `numbers` are that.
  std::unique_ptr<SignalPieces> pieces = nullptr;
  std::vector<Tensor> signals = {};
  std::vector<Diagnostic> numbers = {};

  UpdateSums sums = {};
  std::vector<SignalPass> read = {};
};

/// Reads everything in one pass through memory: a piece of a tensor's weights, gradient and signals
/// at a time. Samples are of at most `sample` elements, 0 for all. The same bits for any number of
/// threads.
void pass_over(std::span<TensorPass> tensors, std::span<const Signal> signals, std::int64_t sample);

}  // namespace plastic::optim
