#pragma once

#include "plastic/core/link_check.h"

#pragma GCC visibility push(default)

namespace plastic {

/// How the CPU computes convolutions.
enum class ConvAlgorithm {
  /// By shape: what was measured to be fastest.
  automatic,
  /// Loops that sum in f64: for every shape, slow, most accurate.
  direct,
  /// A matrix product over patches of the input.
  im2row,
  /// Winograd's F(2×2, 3×3), for kernels of 3×3 with a stride of 1. Lavin and Gray, arXiv
  /// 1509.09308.
  winograd2,
  /// F(4×4, 3×3), for the same.
  winograd4,
};

/// Forces one algorithm for all convolutions of this process, both passes; a convolution of a shape
/// that it does not support is then an Error. Must not be called while another thread computes.
void set_conv_algorithm(ConvAlgorithm algorithm);
/// The algorithm that is forced; automatic unless set.
ConvAlgorithm conv_algorithm();

/// The enumerator's name.
const char* name_of(ConvAlgorithm algorithm);

}  // namespace plastic

#pragma GCC visibility pop
