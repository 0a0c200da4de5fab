#include "plastic/core/ops/join.h"

#include <algorithm>

#include "core/autograd/graph.h"
#include "core/check.h"
#include "core/tensor/sizes.h"

namespace plastic {

// The gradient of each tensor is its part of the result's.
Tensor concat(std::span<const Tensor> tensors, std::int64_t axis) {
  if (tensors.empty()) fail("concat", "needs at least one tensor");
  check_defined("concat", tensors[0]);
  const std::size_t at = normalize_axis("concat", axis, tensors[0].shape().rank());
  Shape shape = tensors[0].shape();
  shape[at] = 0;
  for (const Tensor& tensor : tensors) {
    check_same_kind("concat", tensors[0], tensor);
    Shape expected = shape;
    if (tensor.shape().rank() == shape.rank()) expected[at] = tensor.shape()[at];
    if (tensor.shape() != expected) {
      fail("concat", to_string(tensor.shape()), " does not fit ", to_string(tensors[0].shape()),
           " along axis ", axis);
    }
    shape[at] = checked_add("concat", shape[at], tensor.shape()[at]);
  }
  const Tensor y =
      Tensor::empty(shape, {.dtype = tensors[0].dtype(), .device = tensors[0].device()});
  std::vector<std::int64_t> starts;
  std::int64_t start = 0;
  const auto signed_axis = static_cast<std::int64_t>(at);
  for (const Tensor& tensor : tensors) {
    starts.push_back(start);
    const std::int64_t end = start + tensor.shape()[at];
    y.slice(signed_axis, start, end).copy_(tensor.requires_grad() ? tensor.detach() : tensor);
    start = end;
  }
  starts.push_back(start);
  return record(
      "concat", y, tensors, [signed_axis, starts](const Tensor& g, const Inputs& in) -> Gradients {
        Gradients parts;
        for (std::size_t i = 0; i + 1 < starts.size(); ++i) {
          parts.push_back(in.needs(i) ? g.slice(signed_axis, starts[i], starts[i + 1]) : Tensor());
        }
        return parts;
      });
}

Tensor concat(std::initializer_list<Tensor> tensors, std::int64_t axis) {
  return concat(std::span(tensors.begin(), tensors.size()), axis);
}

Tensor stack(std::initializer_list<Tensor> tensors, std::int64_t axis) {
  return stack(std::span(tensors.begin(), tensors.size()), axis);
}

Tensor stack(std::span<const Tensor> tensors, std::int64_t axis) {
  std::vector<Tensor> raised;
  for (const Tensor& tensor : tensors) {
    check_defined("stack", tensor);
    if (tensor.shape() != tensors[0].shape()) {
      fail("stack", "shapes differ: ", to_string(tensors[0].shape()), " and ",
           to_string(tensor.shape()));
    }
    raised.push_back(tensor.unsqueeze(axis));
  }
  // Negative axes count in the result, which has one more.
  return concat(raised, axis);
}

std::vector<Tensor> split(const Tensor& x, std::int64_t size, std::int64_t axis) {
  check_defined("split", x);
  if (size < 1) fail("split", "size must be at least 1, got ", size);
  const std::int64_t length = x.size(axis);
  std::vector<Tensor> parts;
  reserve("split", parts, length / size + 1);
  std::int64_t start = 0;
  do {
    const std::int64_t end = start + std::min(size, length - start);
    parts.push_back(x.slice(axis, start, end));
    start = end;
  } while (start < length);
  return parts;
}

}  // namespace plastic
