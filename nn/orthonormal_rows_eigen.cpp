// A program that links Plastic may use Eigen, too, compiled with other vectors and alignments.
// Under its own name the linker cannot mix up the functions of the two.
#define Eigen plastic_eigen
#define EIGEN_DONT_PARALLELIZE
#include <Eigen/QR>
#undef Eigen

#include "nn/orthonormal_rows.h"

namespace plastic::nn {

void orthonormalize_rows(Tensor& matrix) {
  using plastic_eigen::MatrixXd;
  const auto rows = static_cast<plastic_eigen::Index>(matrix.size(0));
  const auto columns = static_cast<plastic_eigen::Index>(matrix.size(1));
  // By columns, as Eigen stores them, the rows of the tensor are the columns of its transpose.
  plastic_eigen::Map<MatrixXd> transposed(matrix.mutable_data<double>(), columns, rows);
  const plastic_eigen::HouseholderQR<MatrixXd> qr(transposed);
  transposed.setIdentity();
  transposed.applyOnTheLeft(qr.householderQ());
  for (plastic_eigen::Index i = 0; i < rows; ++i) {
    if (qr.matrixQR()(i, i) < 0) transposed.col(i) *= -1.0;
  }
}

}  // namespace plastic::nn
