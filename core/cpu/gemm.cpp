// Matrix products: the output is split over our threads, and each part is a single-threaded Eigen
// product. Eigen's own threading reaches less on the shapes of training (docs/design.md).
#define EIGEN_DONT_PARALLELIZE
#include <Eigen/Core>

#include "core/cpu/kernels.h"
#include "core/dispatch.h"
#include "core/parallel.h"

namespace plastic::cpu {
namespace {

/// Multiply-adds below which a product is not worth a second thread.
constexpr std::int64_t parallel_work = 1 << 17;
/// Parts begin at multiples of this many rows or columns, which suits Eigen's micro-kernel.
constexpr std::int64_t alignment = 16;

template <class T>
using RowMajor = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
template <class T>
using ConstMap = Eigen::Map<const RowMajor<T>, Eigen::Unaligned, Eigen::OuterStride<>>;
template <class T>
using Map = Eigen::Map<RowMajor<T>, Eigen::Unaligned, Eigen::OuterStride<>>;

template <class T>
ConstMap<T> stored(const void* data, std::int64_t rows, std::int64_t columns,
                   std::int64_t leading) {
  return {static_cast<const T*>(data), rows, columns, Eigen::OuterStride<>(leading)};
}

/// Rows [row, row + rows) and columns [column, column + columns) of C.
struct Part {
  std::int64_t row, rows, column, columns;
};

template <class T>
void multiply(const Gemm& g, const Part& part) {
  Map<T> c(static_cast<T*>(g.c) + part.row * g.ldc + part.column, part.rows, part.columns,
           Eigen::OuterStride<>(g.ldc));
  const auto a =
      g.transpose_a
          ? stored<T>(static_cast<const T*>(g.a) + part.row, g.k, part.rows, g.lda)
          : stored<T>(static_cast<const T*>(g.a) + part.row * g.lda, part.rows, g.k, g.lda);
  const auto b =
      g.transpose_b
          ? stored<T>(static_cast<const T*>(g.b) + part.column * g.ldb, part.columns, g.k, g.ldb)
          : stored<T>(static_cast<const T*>(g.b) + part.column, g.k, part.columns, g.ldb);
  if (g.transpose_a && g.transpose_b) {
    c.noalias() = a.transpose() * b.transpose();
  } else if (g.transpose_a) {
    c.noalias() = a.transpose() * b;
  } else if (g.transpose_b) {
    c.noalias() = a * b.transpose();
  } else {
    c.noalias() = a * b;
  }
  if (g.bias != nullptr) {
    const T* bias = static_cast<const T*>(g.bias) + part.column;
    c.rowwise() += Eigen::Map<const Eigen::Matrix<T, 1, Eigen::Dynamic>>(bias, part.columns);
  }
}

}  // namespace

void gemm(const Gemm& g) {
  if (g.m == 0 || g.n == 0) return;
  // The longer side is split, so that the parts stay close to square.
  const bool by_rows = g.m >= g.n;
  const std::int64_t length = by_rows ? g.m : g.n;
  const std::int64_t strips = (length + alignment - 1) / alignment;
  const std::int64_t strip_work = alignment * std::min(g.m, g.n) * std::max<std::int64_t>(g.k, 1);
  const std::int64_t grain = (parallel_work + strip_work - 1) / strip_work;
  parallel_for(0, strips, grain, [&](std::int64_t first, std::int64_t last) {
    const std::int64_t begin = first * alignment;
    const std::int64_t size = std::min(last * alignment, length) - begin;
    const Part part = by_rows ? Part{begin, size, 0, g.n} : Part{0, g.m, begin, size};
    dispatch_floating("gemm", g.dtype, [&](auto zero) { multiply<decltype(zero)>(g, part); });
  });
}

}  // namespace plastic::cpu
