#include "data/rows.h"

#include <cstddef>
#include <cstring>

#include "core/tensor/tensor_impl.h"

namespace plastic::data {

Rows::Rows(const Tensor& tensor) : tensor_(tensor.detach().contiguous()) {
  std::int64_t elements = 1;
  for (std::int64_t axis = 1; axis < tensor_.rank(); ++axis) elements *= tensor_.size(axis);
  bytes_per_row_ = elements * static_cast<std::int64_t>(size_of(tensor_.dtype()));
}

Tensor Rows::empty(std::int64_t count) const {
  Shape shape = tensor_.shape();
  shape[0] = count;
  return Tensor::empty(shape, {.dtype = tensor_.dtype()});
}

void Rows::copy(std::span<const std::int64_t> indices, std::int64_t first, std::int64_t last,
                const Tensor& out) const {
  if (bytes_per_row_ == 0) return;
  const auto* from = static_cast<const std::byte*>(memory(tensor_));
  auto* to = static_cast<std::byte*>(memory(out));
  for (std::int64_t i = first; i < last; ++i) {
    const std::int64_t index = indices[static_cast<std::size_t>(i)];
    std::memcpy(to + i * bytes_per_row_, from + index * bytes_per_row_,
                static_cast<std::size_t>(bytes_per_row_));
  }
}

Tensor Rows::at(std::span<const std::int64_t> indices) const {
  const Tensor out = empty(std::ssize(indices));
  copy(indices, 0, std::ssize(indices), out);
  return out;
}

}  // namespace plastic::data
