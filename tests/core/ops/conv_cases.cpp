#include "plastic/core/ops.h"
#include "tests/core/ops/op_cases.h"

namespace plastic::test {
namespace {

using Inputs = std::span<const Tensor>;

constexpr Layout last = Layout::channels_last;

void add(std::vector<OpCase>& cases, const std::string& name, const OpInput& x, const Shape& weight,
         const Conv2dOptions& options = {}) {
  cases.push_back({"conv2d/" + name,
                   {x, {.shape = weight}, {.shape = {weight[0]}}},
                   [=](Inputs in) { return conv2d(in[0], in[1], in[2], options); }});
}

void add_transposed(std::vector<OpCase>& cases, const std::string& name, const OpInput& x,
                    const Shape& weight, const ConvTranspose2dOptions& options = {}) {
  cases.push_back({"conv_transpose2d/" + name,
                   {x, {.shape = weight}, {.shape = {weight[1] * options.groups}}},
                   [=](Inputs in) { return conv_transpose2d(in[0], in[1], in[2], options); }});
}

void add_transposed_cases(std::vector<OpCase>& cases) {
  const OpInput image{.shape = {2, 3, 4, 3}, .layout = last};
  add_transposed(cases, "plain", image, {3, 2, 3, 3});
  add_transposed(cases, "stride 2", image, {3, 4, 2, 2}, {.stride = {2, 2}});
  add_transposed(cases, "stride, padding and output padding", {.shape = {2, 3, 4, 3}}, {3, 2, 3, 4},
                 {.stride = {2, 3}, .padding = {1, 2}, .output_padding = {1, 2}});
  // More than a stride of rows that no convolution would look at.
  add_transposed(cases, "output padding of a stride", image, {3, 2, 3, 3},
                 {.padding = {1, 3}, .output_padding = {1, 2}, .dilation = {2, 3}});
  add_transposed(cases, "groups", {.shape = {2, 4, 3, 3}, .layout = last}, {4, 3, 3, 3},
                 {.stride = {2, 2}, .padding = {1, 1}, .groups = 2});
  add_transposed(cases, "depthwise", {.shape = {2, 3, 4, 4}, .layout = last}, {3, 1, 3, 3},
                 {.stride = {2, 2}, .padding = {1, 1}, .output_padding = {1, 1}, .groups = 3});
  add_transposed(cases, "1x1 permuted", {.shape = {2, 3, 2, 2}, .layout = Layout::permuted},
                 {3, 4, 1, 1});
  add_transposed(cases, "empty batch", {.shape = {0, 3, 4, 3}}, {3, 2, 3, 3});
  cases.push_back({"conv_transpose2d/no bias", {image, {.shape = {3, 2, 3, 3}}}, [](Inputs in) {
                     return conv_transpose2d(in[0], in[1]);
                   }});
}

void add_sequence_cases(std::vector<OpCase>& cases) {
  const auto add = [&](const std::string& name, const OpInput& x, const Shape& weight,
                       const Conv1dOptions& options) {
    cases.push_back({"conv1d/" + name,
                     {x, {.shape = weight}, {.shape = {weight[0]}}},
                     [=](Inputs in) { return conv1d(in[0], in[1], in[2], options); }});
  };
  add("plain", {.shape = {2, 3, 7}}, {4, 3, 3}, {});
  add("strided and dilated", {.shape = {2, 3, 9}, .layout = Layout::strided}, {2, 3, 2},
      {.stride = 2, .padding = 1, .dilation = 3});
  add("groups relu", {.shape = {2, 4, 5}, .layout = Layout::permuted}, {2, 2, 3},
      {.padding = 1, .groups = 2, .activation = Activation::relu});
}

}  // namespace

void add_conv_cases(std::vector<OpCase>& cases) {
  add_transposed_cases(cases);
  add_sequence_cases(cases);
  const OpInput image{.shape = {2, 3, 5, 6}, .layout = last};
  add(cases, "plain", image, {4, 3, 3, 3});
  add(cases, "contiguous", {.shape = {2, 3, 5, 6}}, {4, 3, 3, 3}, {.padding = {1, 1}});
  add(cases, "strided", {.shape = {2, 3, 4, 4}, .layout = Layout::strided}, {2, 3, 3, 3});
  add(cases, "permuted", {.shape = {2, 3, 4, 4}, .layout = Layout::permuted}, {2, 3, 2, 2});
  add(cases, "padded", image, {4, 3, 3, 3}, {.padding = {1, 1}});
  add(cases, "stride 2", image, {4, 3, 3, 3}, {.stride = {2, 2}, .padding = {1, 1}});
  add(cases, "uneven", image, {2, 3, 2, 3}, {.stride = {2, 3}, .padding = {0, 2}});
  add(cases, "dilated", image, {2, 3, 2, 2}, {.dilation = {3, 2}});
  add(cases, "1x1", image, {4, 3, 1, 1});
  add(cases, "1x1 stride 2", image, {4, 3, 1, 1}, {.stride = {2, 2}});
  add(cases, "kernel of the image's size", image, {2, 3, 5, 6});
  add(cases, "groups", {.shape = {2, 4, 4, 3}, .layout = last}, {6, 2, 3, 2},
      {.padding = {1, 1}, .groups = 2});
  add(cases, "depthwise", {.shape = {2, 4, 5, 5}, .layout = last}, {4, 1, 3, 3},
      {.stride = {2, 1}, .padding = {1, 1}, .groups = 4});
  add(cases, "depthwise relu", {.shape = {2, 3, 3, 3}, .layout = last}, {3, 1, 3, 3},
      {.padding = {1, 1}, .groups = 3, .activation = Activation::relu});
  add(cases, "depthwise multiplied", {.shape = {1, 2, 4, 4}}, {4, 1, 3, 3}, {.groups = 2});
  add(cases, "one channel", {.shape = {2, 1, 5, 5}}, {3, 1, 3, 3}, {.padding = {1, 1}});
  add(cases, "one output", {.shape = {2, 3, 4, 4}, .layout = last}, {1, 3, 3, 3});
  add(cases, "one pixel", {.shape = {3, 2, 1, 1}}, {2, 2, 1, 1});
  add(cases, "relu", image, {4, 3, 3, 3}, {.padding = {1, 1}, .activation = Activation::relu});
  add(cases, "empty batch", {.shape = {0, 3, 5, 5}}, {4, 3, 3, 3});
  add(cases, "max pool", image, {4, 3, 3, 3}, {.max_pool = MaxPool2dOptions{}});
  add(cases, "relu and max pool", image, {4, 3, 3, 3},
      {.padding = {1, 1}, .activation = Activation::relu, .max_pool = MaxPool2dOptions{}});
  add(cases, "relu and overlapping max pool", {.shape = {2, 3, 6, 5}}, {3, 3, 2, 2},
      {.activation = Activation::relu,
       .max_pool = MaxPool2dOptions{.kernel = {3, 3}, .stride = {{2, 2}}, .padding = {1, 1}}});
  add(cases, "relu and max pool, empty batch", {.shape = {0, 3, 5, 5}}, {4, 3, 3, 3},
      {.activation = Activation::relu, .max_pool = MaxPool2dOptions{}});
  cases.push_back({"conv2d/no bias", {image, {.shape = {4, 3, 3, 3}}}, [](Inputs in) {
                     return conv2d(in[0], in[1], {}, {.activation = Activation::relu});
                   }});
  cases.push_back({"conv2d/weight permuted",
                   {image, {.shape = {4, 3, 3, 3}, .layout = Layout::permuted}},
                   [](Inputs in) { return conv2d(in[0], in[1]); }});
  cases.push_back({"conv2d/twice the same", {{.shape = {2, 2, 2, 2}}}, [](Inputs in) {
                     return conv2d(in[0], in[0], {}, {.padding = {1, 1}});
                   }});
  cases.push_back({"conv2d/elementwise around",
                   {image, {.shape = {3, 3, 3, 3}}, {.shape = {3, 1, 1}}},
                   [](Inputs in) {
                     const Tensor y = conv2d(tanh(in[0]), in[1], {}, {.padding = {1, 1}});
                     return sigmoid(y * in[2] + in[0]).flatten(1);
                   }});
}

}  // namespace plastic::test
