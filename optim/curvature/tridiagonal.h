#pragma once

#include <vector>

namespace plastic::optim {

struct TridiagonalEigen {
  /// In falling order.
  std::vector<double> values;
  /// vectors[i] is the eigenvector of values[i].
  std::vector<std::vector<double>> vectors;
};

/// The eigenvalues and eigenvectors of the symmetric matrix with this diagonal and these numbers
/// beside it, of which there is one fewer: QL steps with Wilkinson's shift (Golub and Van Loan,
/// "Matrix Computations", 8.3; EISPACK's tql2).
TridiagonalEigen tridiagonal_eigen(std::vector<double> diagonal, std::vector<double> beside);

}  // namespace plastic::optim
