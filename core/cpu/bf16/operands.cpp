#include "core/cpu/bf16/operands.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace plastic::cpu {
namespace {

Array flat(const void* data, DType dtype, std::int64_t count) {
  return {const_cast<void*>(data), dtype, {count}, {1}};
}

}  // namespace

/// The axes lie in memory in the order in which they do in `array`, but without gaps, so that
/// converting and computing walk through memory in step.
Array Bf16Operands::room_for(const Array& array) {
  Array room{nullptr, DType::f32, array.shape, array.strides};
  Shape order;
  std::int64_t distinct = 1;
  for (std::size_t axis = 0; axis < array.shape.rank(); ++axis) {
    if (array.strides[axis] == 0 && array.shape[axis] > 0) continue;
    distinct *= array.shape[axis];
    order.push_back(static_cast<std::int64_t>(axis));
    for (std::size_t at = order.rank() - 1; at > 0; --at) {
      const auto before = static_cast<std::size_t>(order[at - 1]);
      if (array.strides[before] >= array.strides[axis]) break;
      std::swap(order[at - 1], order[at]);
    }
  }
  std::int64_t stride = 1;
  for (std::size_t at = order.rank(); at-- > 0;) {
    const auto axis = static_cast<std::size_t>(order[at]);
    room.strides[axis] = stride;
    stride *= std::max<std::int64_t>(array.shape[axis], 1);
  }
  room.data = floats_.emplace_back(distinct).data();
  return room;
}

Array Bf16Operands::in(const Array& array) {
  if (array.dtype != DType::bf16) return array;
  const Array room = room_for(array);
  // Each element once, however often it is read.
  Array from = array, to = room;
  for (std::size_t axis = 0; axis < array.shape.rank(); ++axis) {
    if (array.strides[axis] == 0 && array.shape[axis] > 0) from.shape[axis] = to.shape[axis] = 1;
  }
  kernels_.copy(from, to);
  return room;
}

Array Bf16Operands::out(const Array& array) {
  if (array.dtype != DType::bf16) return array;
  results_.emplace_back(room_for(array), array);
  return results_.back().first;
}

const void* Bf16Operands::in(const void* data, DType dtype, std::int64_t count) {
  return data == nullptr ? nullptr : in(flat(data, dtype, count)).data;
}

void* Bf16Operands::out(void* data, DType dtype, std::int64_t count) {
  return data == nullptr ? nullptr : out(flat(data, dtype, count)).data;
}

void Bf16Operands::finish() {
  for (const auto& [from, to] : results_) kernels_.copy(from, to);
}

}  // namespace plastic::cpu
