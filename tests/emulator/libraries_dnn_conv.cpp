// Convolutions of tensors with any strides, by the CPU.
#include <array>

#include "core/device/backend.h"
#include "core/tensor/bfloat16.h"
#include "tests/emulator/convolution.h"

namespace plastic::emulator {
namespace {

/// Calls body(dense, strided) with the places of every element in a dense tensor whose axes lie in
/// `order`, and in the tensor.
template <class Body>
void for_each(const DnnTensor& tensor, const std::array<std::size_t, 4>& order, Body&& body) {
  const auto size = [&](std::size_t i) { return tensor.sizes[order[i]]; };
  const auto stride = [&](std::size_t i) { return tensor.strides[order[i]]; };
  std::size_t dense = 0;
  for (std::int64_t a = 0; a < size(0); ++a) {
    for (std::int64_t b = 0; b < size(1); ++b) {
      for (std::int64_t c = 0; c < size(2); ++c) {
        for (std::int64_t d = 0; d < size(3); ++d) {
          body(dense++, a * stride(0) + b * stride(1) + c * stride(2) + d * stride(3));
        }
      }
    }
  }
}

/// How the CPU's kernels want activations and weights.
constexpr std::array<std::size_t, 4> channels_last{0, 2, 3, 1};
constexpr std::array<std::size_t, 4> plain{0, 1, 2, 3};

std::vector<float> gathered(const DnnTensor& tensor, const std::array<std::size_t, 4>& order,
                            const void* data) {
  std::vector<float> dense;
  for_each(tensor, order, [&](std::size_t, std::int64_t at) {
    dense.push_back(tensor.dtype == DType::bf16 ? static_cast<const bfloat16*>(data)[at]
                                                : static_cast<const float*>(data)[at]);
  });
  return dense;
}

void scatter(const DnnTensor& tensor, const std::array<std::size_t, 4>& order,
             const std::vector<float>& dense, void* data) {
  for_each(tensor, order, [&](std::size_t i, std::int64_t at) {
    if (tensor.dtype == DType::bf16) {
      static_cast<bfloat16*>(data)[at] = bfloat16(dense[i]);
    } else {
      static_cast<float*>(data)[at] = dense[i];
    }
  });
}

Conv2dShape shape_of(const DnnConvolution& c) {
  return {.dtype = DType::f32,
          .batch = c.x.sizes[0],
          .in_channels = c.x.sizes[1],
          .in_height = c.x.sizes[2],
          .in_width = c.x.sizes[3],
          .out_channels = c.y.sizes[1],
          .out_height = c.y.sizes[2],
          .out_width = c.y.sizes[3],
          .kernel_height = c.weight.sizes[2],
          .kernel_width = c.weight.sizes[3],
          .stride = {c.stride[0], c.stride[1]},
          .padding = {c.padding[0], c.padding[1]},
          .dilation = {c.dilation[0], c.dilation[1]},
          .groups = c.x.sizes[1] / c.weight.sizes[1]};
}

}  // namespace

bool DnnConvolution::is_sound() const {
  if (x.sizes.size() != 4 || weight.sizes.size() != 4 || y.sizes.size() != 4 ||
      padding.size() != 2 || stride.size() != 2 || dilation.size() != 2) {
    return false;
  }
  for (const std::size_t axis : {std::size_t{0}, std::size_t{1}}) {
    const std::int64_t reach = dilation[axis] * (weight.sizes[axis + 2] - 1) + 1;
    const std::int64_t room = x.sizes[axis + 2] + 2 * padding[axis] - reach;
    if (room < 0 || y.sizes[axis + 2] != room / stride[axis] + 1) return false;
  }
  return x.dtype == weight.dtype && x.dtype == y.dtype && x.sizes[0] == y.sizes[0] &&
         x.sizes[1] % weight.sizes[1] == 0 && weight.sizes[0] == y.sizes[1] &&
         weight.sizes[0] % (x.sizes[1] / weight.sizes[1]) == 0;
}

void DnnConvolution::run(void* x_data, void* weight_data, void* y_data) const {
  const Conv2dShape shape = shape_of(*this);
  std::vector<float> dense_x = gathered(x, channels_last, x_data);
  std::vector<float> dense_weight = gathered(weight, plain, weight_data);
  std::vector<float> dense_y = gathered(y, channels_last, y_data);
  switch (pass) {
    case Pass::forward:
      cpu_backend().conv2d(shape, dense_x.data(), dense_weight.data(), nullptr, false,
                           dense_y.data());
      return scatter(y, channels_last, dense_y, y_data);
    case Pass::input_grad:
      cpu_backend().conv2d_input_grad(shape, dense_y.data(), dense_weight.data(), dense_x.data());
      return scatter(x, channels_last, dense_x, x_data);
    case Pass::weight_grad:
      cpu_backend().conv2d_weight_grad(shape, dense_x.data(), dense_y.data(), dense_weight.data());
      return scatter(weight, plain, dense_weight, weight_data);
  }
}

}  // namespace plastic::emulator
