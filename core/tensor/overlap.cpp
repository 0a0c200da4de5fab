#include "core/tensor/overlap.h"

#include <cstdint>

#include "core/tensor/tensor_impl.h"

namespace plastic {
namespace {

/// The addresses [begin, end) from the first to the last element. Requires that there is one.
struct Extent {
  explicit Extent(const Tensor& tensor)
      : begin(reinterpret_cast<std::uintptr_t>(memory(tensor))), end(begin) {
    const Shape& shape = tensor.shape();
    const Shape& strides = tensor.strides();
    std::int64_t last = 0;
    for (std::size_t i = 0; i < shape.rank(); ++i) last += (shape[i] - 1) * strides[i];
    end += static_cast<std::uintptr_t>(last + 1) * size_of(tensor.dtype());
  }

  std::uintptr_t begin, end;
};

}  // namespace

bool overlaps_itself(const Tensor& tensor) {
  if (tensor.is_contiguous() || tensor.numel() == 0) return false;
  Array in_order[] = {array_of(tensor)};
  sort_axes(in_order);
  // Every axis must step over all that those inside it reach.
  std::int64_t reach = 0;
  for (std::size_t i = in_order[0].shape.rank(); i-- > 0;) {
    if (in_order[0].strides[i] <= reach) return true;
    reach += (in_order[0].shape[i] - 1) * in_order[0].strides[i];
  }
  return false;
}

bool overlap(const Tensor& a, const Tensor& b) {
  if (a.numel() == 0 || b.numel() == 0) return false;
  if (a.device() != b.device()) return false;
  // Not by storage: several may be parts of one block.
  const Extent first(a);
  const Extent second(b);
  return first.begin < second.end && second.begin < first.end;
}

}  // namespace plastic
