// Networks for the comparison with ONNX Runtime (onnx_export.py): every layer of the library, and
// its models.
#include <functional>
#include <iostream>
#include <utility>

#include "interop.h"
#include "plastic/plastic.h"

namespace plastic::parity {
namespace {

using nn::ModulePtr;

struct Network {
  std::string name;
  ModulePtr module;
  /// Of one sample.
  Shape sample;
  /// Rows of an Embedding, for a network that begins with it.
  std::int64_t rows = 0;
};

template <class Layer, class... Arguments>
ModulePtr make(Arguments&&... arguments) {
  return std::make_shared<Layer>(std::forward<Arguments>(arguments)...);
}

ModulePtr sequence(std::initializer_list<ModulePtr> layers) {
  return std::make_shared<nn::Sequential>(layers);
}

/// A module of one's own that writes itself.
class Gate : public nn::Module {
 public:
  Gate() : inner_(std::make_shared<nn::Linear>(6, 6)) { register_child("inner", inner_); }
  Tensor forward(const Tensor& x) override { return mul(x, sigmoid(inner_->forward(x))); }
  nn::OnnxValue to_onnx(nn::OnnxGraph& graph, const nn::OnnxValue& x) override {
    return graph.add("Mul", {x, graph.add("Sigmoid", {graph.call(*inner_, x)})});
  }

 private:
  ModulePtr inner_;
};

void add_rows(std::vector<Network>& all) {
  const std::vector<std::pair<std::string, ModulePtr>> activations = {
      {"relu", make<nn::ReLU>()},
      {"leaky_relu", make<nn::LeakyReLU>(0.2)},
      {"gelu", make<nn::GELU>()},
      {"silu", make<nn::SiLU>()},
      {"tanh", make<nn::Tanh>()},
      {"sigmoid", make<nn::Sigmoid>()},
      {"softplus", make<nn::Softplus>()},
      {"softmax", make<nn::Softmax>()},
      {"identity", make<nn::Identity>()},
      {"dropout", make<nn::Dropout>(0.5)},
      {"gate", make<Gate>()}};
  for (const auto& [name, layer] : activations) {
    all.push_back({name, layer, {6}});
    all.push_back({name + "_within", sequence({make<nn::Linear>(6, 6), layer}), {6}});
  }
  all.push_back({"softmax_of_axis", make<nn::Softmax>(1), {3, 4}});
  all.push_back({"linear_of_tokens", make<nn::Linear>(5, 3), {7, 5}});
  all.push_back(
      {"linear_without_bias", make<nn::Linear>(5, 3, nn::LinearOptions{.bias = false}), {5}});
  const ModulePtr shared = make<nn::Linear>(6, 6);
  all.push_back({"shared", sequence({shared, make<nn::Tanh>(), shared}), {6}});
  all.push_back(
      {"residual", make<nn::Residual>(sequence({make<nn::Linear>(6, 6), make<nn::GELU>()})), {6}});
  all.push_back({"flat", make<nn::Flatten>(), {6}});
  all.push_back({"embedding",
                 sequence({make<nn::Embedding>(11, 4), make<nn::LayerNorm>(Shape{4}),
                           make<nn::Flatten>(), make<nn::Linear>(20, 3)}),
                 {5},
                 11});
}

void add_norms(std::vector<Network>& all) {
  all.push_back({"batch_norm_of_rows", make<nn::BatchNorm1d>(6), {6}});
  all.push_back({"batch_norm", make<nn::BatchNorm2d>(3), {3, 4, 5}});
  all.push_back({"batch_norm_plain",
                 make<nn::BatchNorm2d>(3, nn::BatchNormOptions{.eps = 1e-3, .affine = false}),
                 {3, 4, 5}});
  all.push_back({"layer_norm", make<nn::LayerNorm>(Shape{4, 5}), {3, 4, 5}});
  all.push_back({"layer_norm_plain",
                 make<nn::LayerNorm>(Shape{5}, nn::LayerNormOptions{.eps = 1e-2, .affine = false}),
                 {3, 5}});
  all.push_back({"group_norm", make<nn::GroupNorm>(2, 6), {6, 4, 5}});
  all.push_back({"group_norm_plain",
                 make<nn::GroupNorm>(3, 6, nn::GroupNormOptions{.affine = false}),
                 {6, 4}});
  all.push_back({"rms_norm", make<nn::RMSNorm>(Shape{4, 5}), {3, 4, 5}});
  all.push_back({"rms_norm_plain",
                 make<nn::RMSNorm>(Shape{5}, nn::RMSNormOptions{.eps = 0.1, .affine = false}),
                 {5}});
}

void add_images(std::vector<Network>& all) {
  all.push_back(
      {"conv",
       make<nn::Conv2d>(
           4, 6, std::array<std::int64_t, 2>{3, 2},
           nn::Conv2dOptions{.stride = {2, 1}, .padding = {1, 0}, .dilation = {1, 2}, .groups = 2}),
       {4, 9, 8}});
  all.push_back({"conv_without_bias",
                 make<nn::Conv2d>(3, 5, 3, nn::Conv2dOptions{.bias = false}),
                 {3, 6, 6}});
  all.push_back(
      {"conv1d",
       make<nn::Conv1d>(4, 6, 3,
                        nn::Conv1dOptions{.stride = 2, .padding = 2, .dilation = 2, .groups = 2}),
       {4, 11}});
  all.push_back({"conv_transpose",
                 make<nn::ConvTranspose2d>(4, 6, std::array<std::int64_t, 2>{3, 2},
                                           nn::ConvTranspose2dOptions{.stride = {2, 3},
                                                                      .padding = {1, 0},
                                                                      .output_padding = {1, 2},
                                                                      .dilation = {2, 1},
                                                                      .groups = 2}),
                 {4, 5, 4}});
  all.push_back({"max_pool",
                 make<nn::MaxPool2d>(MaxPool2dOptions{
                     .kernel = {3, 2}, .stride = {{2, 1}}, .padding = {1, 0}, .dilation = {1, 2}}),
                 {3, 9, 8}});
  all.push_back({"max_pool_padded_beyond_its_kernel",
                 make<nn::MaxPool2d>(MaxPool2dOptions{
                     .kernel = {3, 1}, .stride = {{1, 1}}, .padding = {3, 0}, .dilation = {3, 1}}),
                 {3, 9, 8}});
  all.push_back({"max_pool_up",
                 make<nn::MaxPool2d>(MaxPool2dOptions{
                     .kernel = {3, 3}, .stride = {{2, 3}}, .padding = {0, 1}, .ceil_mode = true}),
                 {3, 8, 9}});
  all.push_back({"avg_pool",
                 make<nn::AvgPool2d>(
                     AvgPool2dOptions{.kernel = {3, 2}, .stride = {{2, 1}}, .padding = {1, 1}}),
                 {3, 9, 8}});
  all.push_back({"avg_pool_inside",
                 make<nn::AvgPool2d>(AvgPool2dOptions{
                     .kernel = {3, 3}, .padding = {1, 1}, .count_include_pad = false}),
                 {3, 9, 8}});
  all.push_back(
      {"avg_pool_up",
       make<nn::AvgPool2d>(AvgPool2dOptions{
           .kernel = {3, 3}, .stride = {{2, 2}}, .ceil_mode = true, .count_include_pad = false}),
       {3, 8, 9}});
  all.push_back({"adaptive_pool", make<nn::AdaptiveAvgPool2d>(), {3, 5, 7}});
  all.push_back({"adaptive_pool_uneven",
                 make<nn::AdaptiveAvgPool2d>(std::array<std::int64_t, 2>{3, 4}),
                 {3, 5, 7}});
}

void add_models(std::vector<Network>& all) {
  all.push_back({"mlp", nn::mlp({.inputs = 60, .hidden = {32, 24}}), {3, 4, 5}});
  all.push_back({"lenet", nn::lenet(), {1, 28, 28}});
  all.push_back({"small_cnn", nn::small_cnn(), {3, 32, 32}});
  all.push_back({"resnet18", nn::resnet18(), {3, 32, 32}});
  all.push_back(
      {"resnet18_imagenet", nn::resnet18({.classes = 20}, nn::ResNetStem::imagenet), {3, 64, 64}});
  const ModulePtr folded = nn::resnet18({.classes = 7});
  folded->fold_batch_norm();
  all.push_back({"resnet18_folded", folded, {3, 16, 16}});
  // In f64, too.
  const ModulePtr wide =
      sequence({make<nn::Linear>(6, 5), make<nn::Tanh>(), make<nn::LayerNorm>(Shape{5})});
  nn::convert(*wide, DType::f64);
  all.push_back({"wide", wide, {6}});
}

/// Weights and statistics that are not those that normalisations begin with.
void shake(nn::Module& network, Generator& generator) {
  const NoGrad no_grad;
  for (const auto& entries : {network.named_parameters(), network.named_buffers()}) {
    for (const NamedTensor& entry : entries) {
      Tensor tensor = entry.tensor;
      if (!is_floating_point(tensor.dtype()) || tensor.rank() != 1) continue;
      tensor.copy_(uniform(tensor.shape(), 0.5, 1.5, generator));
    }
  }
}

}  // namespace

void export_networks(const std::string& folder) {
  manual_seed(7);
  std::vector<Network> all;
  add_rows(all);
  add_norms(all);
  add_images(all);
  add_models(all);
  Generator generator{.seed = 8};
  for (const Network& one : all) {
    shake(*one.module, generator);
    one.module->eval();
    Shape shape = one.sample;
    shape.insert(0, 3);
    Tensor x = normal(shape, 0, 1, generator);
    if (one.rows > 0) {
      x = uniform(shape, 0, static_cast<double>(one.rows), generator).to(DType::i64);
    }
    if (one.name == "wide") x = x.to(DType::f64);
    const std::string path = folder + "/" + one.name;
    nn::save_onnx(path + ".onnx", *one.module, {.sample = one.sample, .input_dtype = x.dtype()});
    const NoGrad no_grad;
    save_safetensors(path + ".safetensors", {{"x", x}, {"y", (*one.module)(x)}});
    std::cout << one.name << "\n";
  }
}

}  // namespace plastic::parity
