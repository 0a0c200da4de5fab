#pragma once

#include "plastic/core/tensor.h"

namespace plastic::nn {

/// Makes the rows of a contiguous f64 matrix, no more than its columns, orthonormal: they become
/// the columns of Q in the QR decomposition of its transpose whose R has a positive diagonal, which
/// is the only one. Of a normal matrix this is uniform over the orthogonal group (Mezzadri, "How to
/// generate random matrices from the classical compact groups", arXiv math-ph/0609050); without the
/// sign it would not be. Done by Eigen, or, in a build without it, by products of our own: values
/// are the same but for their last digits.
void orthonormalize_rows(Tensor& matrix);

}  // namespace plastic::nn
