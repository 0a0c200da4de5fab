#pragma once

#include <cstdint>

#include "plastic/core/link_check.h"

#pragma GCC visibility push(default)

namespace plastic {

/// While one lives, results of the CPU device that are too small to be normal numbers (below
/// 1.18e-38 in f32, 2.2e-308 in f64) are zero; with `flush` false, they are kept. This holds for
/// the thread that made it, which is also to destroy it, and for loops that it shares with others.
/// Where they are nested, the inner one counts.
///
/// Processors take up to a hundred times as long for an operation on such denormal numbers, and a
/// training makes many: moments of units that no longer have a gradient decay into them, and so do
/// gradients on their way through many layers. Therefore backward(), the steps of optimizers,
/// gradient clipping and averages of weights flush by themselves, hooks and rules of one's own
/// included, unless FlushDenormals(false) lives. Other operations keep denormal numbers, as in
/// PyTorch. Where activations get that small (softmax, sigmoid and their like far out), a program
/// flushes whole training steps:
///
///     const plastic::FlushDenormals flush;
///     for (data::Batch batch; loader.next(batch);) { ... }
///
/// Denormal operands count as they are, except on aarch64, where they are zeros as well; there,
/// backward() does not flush by itself, so that gradients at such operands are right. A CUDA device
/// computes with denormal numbers at full speed, and keeps them, except that elementwise optimizers
/// and NeuroPlastic flush there in any case, so that their states are those of the CPU. Without
/// effect on processors other than x86 and aarch64.
class FlushDenormals {
 public:
  /// Flushes, or with `flush` false keeps, denormal results of this thread until it is destroyed.
  explicit FlushDenormals(bool flush = true);
  ~FlushDenormals();
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;

 private:
  std::uint64_t control_before_;
  bool kept_before_;
};

}  // namespace plastic

#pragma GCC visibility pop
