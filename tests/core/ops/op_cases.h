#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "plastic/core/tensor.h"

namespace plastic::test {

/// How an input lies in memory.
enum class Layout {
  dense,
  /// Axes in reverse order of memory.
  permuted,
  /// Every second element of a longer last axis.
  strided,
  /// Images (N, C, H, W) with the channels beside each other.
  channels_last,
};

struct OpInput {
  Shape shape;
  double low = -2;
  double high = 2;
  Layout layout = Layout::dense;
};

/// One operation on inputs of one shape and layout. This table drives the gradient check, the
/// comparison of layouts, of f32 with f64, and of thread counts.
struct OpCase {
  std::string name;
  std::vector<OpInput> inputs;
  std::function<Tensor(std::span<const Tensor>)> run;
};

std::vector<OpCase> op_cases();

/// Its parts, by family of operations.
void add_elementwise_cases(std::vector<OpCase>& cases);
/// Views, joins and indexing.
void add_shape_cases(std::vector<OpCase>& cases);
void add_conv_cases(std::vector<OpCase>& cases);
/// Normalisations.
void add_norm_cases(std::vector<OpCase>& cases);
/// Pooling and padding.
void add_pool_cases(std::vector<OpCase>& cases);
/// Reductions, products and losses.
void add_sum_cases(std::vector<OpCase>& cases);

/// The inputs of a case with the same values whatever the layout.
std::vector<Tensor> make_inputs(const OpCase& op_case, DType dtype, bool dense = false);

/// Largest |a - b| / (1 + |b|) over lists of values that must be of one size; NaN is larger than
/// anything.
double worst_difference(const std::vector<std::vector<double>>& a,
                        const std::vector<std::vector<double>>& b);

}  // namespace plastic::test
