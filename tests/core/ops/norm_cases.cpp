#include "core/device/batch_norm_call.h"
#include "plastic/core/ops.h"
#include "plastic/core/random.h"
#include "tests/core/ops/op_cases.h"

namespace plastic::test {
namespace {

using Inputs = std::span<const Tensor>;

/// Statistics that no run changes: evaluation only reads them.
Tensor running(std::initializer_list<float> values, const Tensor& like) {
  return Tensor::of(values, {3}).to(parameter_dtype(like.dtype())).to(like.device());
}

void add_training(std::vector<OpCase>& cases) {
  const auto add = [&](const std::string& name, const OpInput& x, Activation activation,
                       bool with_skip) {
    const OpInput channels{.shape = {x.shape[1]}, .low = 0.5};
    std::vector<OpInput> inputs = {x, channels, channels};
    if (with_skip) inputs.push_back({.shape = x.shape});
    cases.push_back({"batch_norm/" + name, inputs, [=](Inputs in) {
                       BatchNormOptions options{.eps = 0.01, .activation = activation};
                       if (with_skip) options.skip = in[3];
                       return batch_norm(in[0], in[1], in[2], {}, {}, options);
                     }});
  };
  const OpInput image{.shape = {2, 3, 3, 2}, .layout = Layout::channels_last};
  add("plain", image, Activation::none, false);
  add("contiguous", {.shape = {2, 3, 2, 2}}, Activation::none, false);
  add("permuted", {.shape = {3, 2, 3, 2}, .layout = Layout::permuted}, Activation::none, false);
  add("strided", {.shape = {2, 2, 3, 2}, .layout = Layout::strided}, Activation::relu, false);
  add("relu", image, Activation::relu, false);
  add("skip", image, Activation::none, true);
  add("relu and skip", image, Activation::relu, true);
  add("rows", {.shape = {7, 3}}, Activation::none, false);
  add("rows relu and skip", {.shape = {6, 2}, .layout = Layout::permuted}, Activation::relu, true);
  add("one channel", {.shape = {3, 1, 2, 2}}, Activation::relu, false);
  add("empty", {.shape = {0, 3, 2, 2}}, Activation::relu, true);
  cases.push_back({"batch_norm/not affine", {image}, [](Inputs in) {
                     return batch_norm(in[0], {}, {}, {}, {}, {.activation = Activation::relu});
                   }});
  Generator generator{.seed = 12};
  const Tensor constant = uniform(image.shape, -2, 2, generator, DType::f64);
  cases.push_back({"batch_norm/skip alone wanted", {image}, [constant](Inputs in) {
                     return batch_norm(constant.to(in[0].dtype()).to(in[0].device()), {}, {}, {},
                                       {}, {.skip = in[0], .activation = Activation::relu});
                   }});
  cases.push_back({"batch_norm/skip is x", {image}, [](Inputs in) {
                     return batch_norm(in[0], {}, {}, {}, {},
                                       {.skip = in[0], .activation = Activation::relu});
                   }});
}

void add_evaluation(std::vector<OpCase>& cases) {
  const auto add = [&](const std::string& name, const OpInput& x, Activation activation,
                       bool with_skip) {
    cases.push_back({"batch_norm/evaluation " + name,
                     {x, {.shape = {3}}, {.shape = {3}}, {.shape = x.shape}},
                     [=](Inputs in) {
                       BatchNormOptions options{.training = false, .activation = activation};
                       if (with_skip) options.skip = in[3];
                       const Tensor y =
                           batch_norm(in[0], in[1], in[2], running({1, -1, 0.5}, in[0]),
                                      running({2, 0.5, 1}, in[0]), options);
                       return with_skip ? y : y + in[3];
                     }});
  };
  const OpInput image{.shape = {2, 3, 3, 2}, .layout = Layout::channels_last};
  add("plain", image, Activation::none, false);
  add("relu", image, Activation::relu, false);
  add("skip", image, Activation::none, true);
  add("relu and skip", image, Activation::relu, true);
  add("one pixel", {.shape = {1, 3, 1, 1}}, Activation::none, false);
  add("empty", {.shape = {0, 3, 2, 2}}, Activation::relu, true);
}

}  // namespace

void add_norm_cases(std::vector<OpCase>& cases) {
  add_training(cases);
  add_evaluation(cases);
}

}  // namespace plastic::test
