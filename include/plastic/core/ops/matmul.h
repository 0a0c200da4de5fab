#pragma once

#include <span>
#include <string_view>

#include "plastic/core/random.h"
#include "plastic/core/tensor.h"

#pragma GCC visibility push(default)

namespace plastic {

/// Matrix product (..., M, K) x (..., K, N) -> (..., M, N); leading axes broadcast. f32, f64
/// or bf16; views with a transposed layout are used in place. Throws Error when ranks, sizes or
/// dtypes do not fit. Differentiable.
Tensor matmul(const Tensor& a, const Tensor& b);

/// x · weightᵀ + bias: (..., in) with weight (out, in) and bias (out) -> (..., out), PyTorch's
/// layout. An undefined bias is left out. Throws Error when the sizes do not fit. Differentiable.
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias = {});

/// dropout(relu(linear(x, weight, bias)), p) in one pass over the result, which is what backward
/// needs, and no mask. Throws Error as linear() and dropout() do; p must be below 1.
/// Differentiable.
Tensor linear_relu_dropout(const Tensor& x, const Tensor& weight, const Tensor& bias = {},
                           double p = 0, Generator& generator = default_generator());

/// Einstein's summation over one or two tensors: "ij->ji", "bij,bjk->bik", "i,j->ij", "bij->b".
/// Letters name axes; those that the result lacks are summed over. Without "->", the result has the
/// letters that occur once, in alphabetical order. A letter that one tensor has twice takes its
/// diagonal: "ii->i", "ii". "..." stands for the axes that no letter names, which broadcast, and
/// come first without "->": "...ij,...jk->...ik". Two tensors are f32, f64 or bf16; one may be
/// of any dtype, and its sums are those of sum(). Throws Error when the equation is malformed or
/// sizes differ. Differentiable.
Tensor einsum(std::string_view equation, std::span<const Tensor> tensors);

}  // namespace plastic

#pragma GCC visibility pop
