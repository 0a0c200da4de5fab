#pragma once

#include <cstdint>

#include "core/cpu/level.h"
#include "optim/neuroplastic/classic.h"

namespace plastic::optim::neuroplastic {

/// How a tensor's signals follow from its gradient and state.
struct Shown {
  /// Gives α.
  Coefficient own;
  /// Gives the three terms of the combined signal, w_a·â, w_g·ĝ and w_m·m̂.
  Coefficient weighted;
  /// Gives â, ĝ and m̂.
  Coefficient relative;
};

/// What each signal has in the combined one, summed over the elements that have one.
struct ShareSums {
  double activity = 0, gradient = 0, memory = 0;
};

/// Some elements of a tensor: gradient and state, and where α, â, ĝ and m̂ go.
struct ShownPiece {
  const float *g, *a, *m, *v;
  float *alpha, *activity, *gradient, *memory;
  /// At most SignalPieces::size.
  std::int64_t count;
};

using ShowPiece = ShareSums(const Shown& shown, const ShownPiece& piece);

/// The loop at each level.
ShowPiece* show_piece_baseline();
ShowPiece* show_piece_avx2();
ShowPiece* show_piece_avx512();

}  // namespace plastic::optim::neuroplastic
