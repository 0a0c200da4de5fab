#pragma once

#include "plastic/core/tensor.h"

namespace plastic::optim {

// Both are computed on the CPU, for matrices on any device, and give the same bits for any number
// of threads. A matrix with an element that is not finite gives NaN.

/// The eigenvectors of a symmetric f32 matrix, as columns, largest eigenvalue first: orthonormal,
/// of either sign. Computed in f64: Householder's tridiagonal form, then QR steps with Wilkinson's
/// shift (Golub and Van Loan, "Matrix Computations", 8.3).
Tensor eigenvectors(const Tensor& symmetric);

/// Q of the QR decomposition of a square f32 matrix, orthogonal even where columns depend on each
/// other; the sign of columns is free. By Householder's reflections in blocks (Schreiber and Van
/// Loan, 1989), so that most of the work is products of matrices.
Tensor orthonormal_columns(const Tensor& matrix);

}  // namespace plastic::optim
