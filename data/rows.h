#pragma once

#include <cstdint>
#include <span>

#include "plastic/core/tensor.h"

namespace plastic::data {

/// The examples of a tensor (N, ...) on the host, as bytes: what selects and gathers them works on
/// any dtype.
class Rows {
 public:
  /// Shares the tensor's memory where it is contiguous. It must be on the CPU and of rank 1 or
  /// more.
  explicit Rows(const Tensor& tensor);

  std::int64_t count() const { return tensor_.size(0); }
  std::int64_t bytes_per_row() const { return bytes_per_row_; }

  /// For `count` rows; contents are unspecified.
  Tensor empty(std::int64_t count) const;
  /// Copies the rows of indices [first, last) of `indices` to those places of `out`, which is
  /// empty()'s. Several threads may call it at once for different positions.
  void copy(std::span<const std::int64_t> indices, std::int64_t first, std::int64_t last,
            const Tensor& out) const;
  /// The rows of these indices, in a new tensor.
  Tensor at(std::span<const std::int64_t> indices) const;

 private:
  Tensor tensor_;
  std::int64_t bytes_per_row_ = 0;
};

}  // namespace plastic::data
