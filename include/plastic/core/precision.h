#pragma once

#include <string>
#include <string_view>

#include "plastic/core/link_check.h"

#pragma GCC visibility push(default)

namespace plastic {

/// The precision in which products and convolutions of f32 tensors are computed.
enum class Precision {
  /// f32 throughout.
  f32,
  /// On CUDA devices, the inputs of products rounded to 10 bits of mantissa, sums in f32; f32 on
  /// the CPU.
  tf32,
  /// Activations and the inputs of products are bf16, sums f32; parameters, their gradients and the
  /// optimizer's state stay f32. matmul(), einsum(), linear() and conv2d() convert f32 to bf16 and
  /// return bf16, and what follows stays in bf16. softmax, mean, var, norm, LayerNorm and losses
  /// convert it to f32 and return f32. A CPU without instructions for bf16 computes it in f32 and
  /// rounds results, which saves memory and not time.
  bf16,
};

/// Parses the enumerator's name. Throws Error for any other text.
Precision parse_precision(std::string_view text);

/// The enumerator's name.
std::string to_string(Precision precision);

/// The precision of this process, f32 unless set; f32 in an optimizer's step, hook included.
Precision precision();

/// Sets precision(). Must not be called while another thread computes.
void set_precision(Precision precision);

}  // namespace plastic

#pragma GCC visibility pop
