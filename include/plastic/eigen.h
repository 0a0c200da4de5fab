#pragma once

/// @file
/// Tensors as Eigen's matrices and vectors (https://eigen.tuxfamily.org, 3.4 or newer), without a
/// copy, and the other way round. Not part of plastic/plastic.h: a program that includes it must
/// find Eigen itself, for example with find_package(Eigen3) and target_link_libraries(program
/// Eigen3::Eigen).
///
///     Tensor x = normal({100, 3}, 0, 1, generator);
///     const Eigen::MatrixXf covariance =
///         as_matrix<float>(x).transpose() * as_matrix<float>(x) / 100;
///     const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXf> solver(covariance);
///     Tensor rotated = matmul(x, to_tensor(solver.eigenvectors()));
///     as_mutable_matrix<float>(x).col(0).setZero();
///
/// T is float, double, std::int64_t or std::uint8_t. A map is the tensor's memory: it must not
/// outlive the tensor, and sees what is written there. Autograd does not record it. The functions
/// throw Error when T is not the tensor's dtype, the tensor is not on the CPU, or its rank or
/// strides are not what the map needs.

#include <Eigen/Core>
#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>

#include "plastic/core/error.h"
#include "plastic/core/tensor.h"

#pragma GCC visibility push(default)

namespace plastic {

/// Row-major with contiguous rows: contiguous tensors of rank 2 and slices of their rows and
/// columns.
template <class T>
using MatrixMap = Eigen::Map<Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>,
                             Eigen::Unaligned, Eigen::OuterStride<>>;
/// The same, for reading.
template <class T>
using ConstMatrixMap =
    Eigen::Map<const Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>,
               Eigen::Unaligned, Eigen::OuterStride<>>;

/// With any strides: also transposed, expanded and stepwise sliced tensors. Eigen computes more
/// slowly with it.
template <class T>
using StridedMatrixMap =
    Eigen::Map<Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>, Eigen::Unaligned,
               Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>>;
/// The same, for reading.
template <class T>
using ConstStridedMatrixMap =
    Eigen::Map<const Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>,
               Eigen::Unaligned, Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>>;

/// A column vector with any stride.
template <class T>
using VectorMap =
    Eigen::Map<Eigen::Matrix<T, Eigen::Dynamic, 1>, Eigen::Unaligned, Eigen::InnerStride<>>;
/// The same, for reading.
template <class T>
using ConstVectorMap =
    Eigen::Map<const Eigen::Matrix<T, Eigen::Dynamic, 1>, Eigen::Unaligned, Eigen::InnerStride<>>;

namespace eigen_detail {

inline void check_rank(const std::string& op, const Tensor& tensor, std::int64_t rank) {
  if (!tensor.defined()) throw Error("[" + op + "] the tensor is undefined; give one");
  if (tensor.rank() != rank) {
    throw Error("[" + op + "] needs a tensor of rank " + std::to_string(rank) + ", got shape " +
                to_string(tensor.shape()) + "; reshape() it");
  }
  for (std::int64_t axis = 0; axis < rank; ++axis) {
    if (tensor.strides()[static_cast<std::size_t>(axis)] < 0) {
      throw Error("[" + op + "] axis " + std::to_string(axis) +
                  " runs backwards, as Eigen's maps cannot; use contiguous()");
    }
  }
}

/// Checks for contiguous rows; of at most one element they always are.
inline void check_rows(const std::string& op, const Tensor& tensor) {
  check_rank(op, tensor, 2);
  if (tensor.size(1) > 1 && tensor.strides()[1] != 1) {
    throw Error("[" + op + "] elements of a row lie " + std::to_string(tensor.strides()[1]) +
                " apart, not side by side; use contiguous(), or a strided matrix");
  }
}

inline void check_writable(const std::string& op, const Tensor& tensor) {
  for (std::int64_t axis = 0; axis < tensor.rank(); ++axis) {
    if (tensor.size(axis) > 1 && tensor.strides()[static_cast<std::size_t>(axis)] == 0) {
      throw Error("[" + op +
                  "] several elements share one place, as expand() makes them; clone() " +
                  "the tensor before it is written to");
    }
  }
}

/// As Eigen counts: in 32 bits on a processor that addresses no more.
inline Eigen::Index size_of(const Tensor& tensor, int axis) {
  return static_cast<Eigen::Index>(tensor.size(axis));
}
inline Eigen::Index stride_of(const Tensor& tensor, std::size_t axis) {
  return static_cast<Eigen::Index>(tensor.strides()[axis]);
}

template <class Map, class Pointer>
Map strided_map(Pointer memory, const Tensor& tensor) {
  return Map(
      memory, size_of(tensor, 0), size_of(tensor, 1),
      Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>(stride_of(tensor, 0), stride_of(tensor, 1)));
}

template <class T>
constexpr bool is_element = std::is_same_v<T, float> || std::is_same_v<T, double> ||
                            std::is_same_v<T, std::int64_t> || std::is_same_v<T, std::uint8_t>;

}  // namespace eigen_detail

/// A tensor (rows, columns) whose rows are contiguous, for reading.
template <class T>
ConstMatrixMap<T> as_matrix(const Tensor& tensor) {
  eigen_detail::check_rows("as_matrix", tensor);
  return ConstMatrixMap<T>(tensor.data<T>(), eigen_detail::size_of(tensor, 0),
                           eigen_detail::size_of(tensor, 1),
                           Eigen::OuterStride<>(eigen_detail::stride_of(tensor, 0)));
}

/// The same for writing; making the map counts as one write, like Tensor::mutable_data(). Also
/// throws Error for a tensor that has several elements in one place.
template <class T>
MatrixMap<T> as_mutable_matrix(Tensor& tensor) {
  eigen_detail::check_rows("as_mutable_matrix", tensor);
  eigen_detail::check_writable("as_mutable_matrix", tensor);
  return MatrixMap<T>(tensor.mutable_data<T>(), eigen_detail::size_of(tensor, 0),
                      eigen_detail::size_of(tensor, 1),
                      Eigen::OuterStride<>(eigen_detail::stride_of(tensor, 0)));
}

/// A tensor (rows, columns) with any strides, for reading.
template <class T>
ConstStridedMatrixMap<T> as_strided_matrix(const Tensor& tensor) {
  eigen_detail::check_rank("as_strided_matrix", tensor, 2);
  return eigen_detail::strided_map<ConstStridedMatrixMap<T>>(tensor.data<T>(), tensor);
}

/// The same for writing.
template <class T>
StridedMatrixMap<T> as_mutable_strided_matrix(Tensor& tensor) {
  eigen_detail::check_rank("as_mutable_strided_matrix", tensor, 2);
  eigen_detail::check_writable("as_mutable_strided_matrix", tensor);
  return eigen_detail::strided_map<StridedMatrixMap<T>>(tensor.mutable_data<T>(), tensor);
}

/// A tensor of rank 1 with any stride, for reading.
template <class T>
ConstVectorMap<T> as_vector(const Tensor& tensor) {
  eigen_detail::check_rank("as_vector", tensor, 1);
  return ConstVectorMap<T>(tensor.data<T>(), eigen_detail::size_of(tensor, 0),
                           Eigen::InnerStride<>(eigen_detail::stride_of(tensor, 0)));
}

/// The same for writing.
template <class T>
VectorMap<T> as_mutable_vector(Tensor& tensor) {
  eigen_detail::check_rank("as_mutable_vector", tensor, 1);
  eigen_detail::check_writable("as_mutable_vector", tensor);
  return VectorMap<T>(tensor.mutable_data<T>(), eigen_detail::size_of(tensor, 0),
                      Eigen::InnerStride<>(eigen_detail::stride_of(tensor, 0)));
}

/// A new tensor with the values of a matrix, vector or expression: of rank 1 for what is a vector
/// at compile time, else (rows, columns). To write into an existing tensor, assign to its map
/// instead.
template <class Derived>
Tensor to_tensor(const Eigen::DenseBase<Derived>& values) {
  using T = typename Derived::Scalar;
  static_assert(eigen_detail::is_element<T>,
                "tensors hold float, double, std::int64_t and std::uint8_t; use cast<>()");
  const auto rows = static_cast<std::int64_t>(values.rows());
  const auto columns = static_cast<std::int64_t>(values.cols());
  Tensor out =
      Tensor::empty({rows, columns}, {.dtype = std::is_same_v<T, float>          ? DType::f32
                                               : std::is_same_v<T, double>       ? DType::f64
                                               : std::is_same_v<T, std::int64_t> ? DType::i64
                                                                                 : DType::u8});
  if (out.numel() > 0) as_mutable_matrix<T>(out) = values.derived();
  return Derived::IsVectorAtCompileTime ? out.reshape({rows * columns}) : out;
}

}  // namespace plastic

#pragma GCC visibility pop
