#include "call.h"

namespace plastic::parity {
namespace {

using nn::ModulePtr;

ModulePtr activation_module(const Call& c, const std::string& kind) {
  if (kind == "ReLU") return std::make_shared<nn::ReLU>();
  if (kind == "LeakyReLU") return std::make_shared<nn::LeakyReLU>(c.number("slope"));
  if (kind == "GELU") return std::make_shared<nn::GELU>();
  if (kind == "SiLU") return std::make_shared<nn::SiLU>();
  if (kind == "Tanh") return std::make_shared<nn::Tanh>();
  if (kind == "Sigmoid") return std::make_shared<nn::Sigmoid>();
  if (kind == "Softplus") return std::make_shared<nn::Softplus>();
  if (kind == "Softmax") return std::make_shared<nn::Softmax>(c.integer("axis"));
  return nullptr;
}

ModulePtr linear_module(const Call& c, const std::string& inputs, const std::string& outputs) {
  return std::make_shared<nn::Linear>(c.integer(inputs), c.integer(outputs),
                                      nn::LinearOptions{.bias = c.flag("bias")});
}

ModulePtr conv_module(const Call& c) {
  return std::make_shared<nn::Conv2d>(c.integer("in"), c.integer("out"), c.pair("kernel"),
                                      nn::Conv2dOptions{.stride = c.pair("stride"),
                                                        .padding = c.pair("padding"),
                                                        .groups = c.integer("groups"),
                                                        .bias = c.flag("bias")});
}

ModulePtr other_conv_module(const Call& c, const std::string& kind) {
  if (kind == "Conv1d") {
    return std::make_shared<nn::Conv1d>(c.integer("in"), c.integer("out"), c.integer("kernel"),
                                        nn::Conv1dOptions{.stride = c.integer("stride"),
                                                          .padding = c.integer("padding"),
                                                          .dilation = c.integer("dilation"),
                                                          .groups = c.integer("groups"),
                                                          .bias = c.flag("bias")});
  }
  if (kind == "ConvTranspose2d") {
    return std::make_shared<nn::ConvTranspose2d>(
        c.integer("in"), c.integer("out"), c.pair("kernel"),
        nn::ConvTranspose2dOptions{.stride = c.pair("stride"),
                                   .padding = c.pair("padding"),
                                   .output_padding = c.pair("output_padding"),
                                   .dilation = c.pair("dilation"),
                                   .groups = c.integer("groups"),
                                   .bias = c.flag("bias")});
  }
  return nullptr;
}

ModulePtr other_norm_module(const Call& c, const std::string& kind) {
  if (kind == "GroupNorm") {
    return std::make_shared<nn::GroupNorm>(
        c.integer("groups"), c.integer("channels"),
        nn::GroupNormOptions{.eps = c.number("eps"), .affine = c.flag("affine")});
  }
  if (kind == "RMSNorm") {
    nn::RMSNormOptions options{.affine = c.flag("affine")};
    if (c.has("eps")) options.eps = c.number("eps");
    return std::make_shared<nn::RMSNorm>(c.shape("shape"), options);
  }
  return nullptr;
}

template <class Norm>
ModulePtr batch_norm_module(const Call& c, const std::string& channels) {
  return std::make_shared<Norm>(c.integer(channels),
                                nn::BatchNormOptions{.eps = c.number("eps"),
                                                     .momentum = c.number("momentum"),
                                                     .affine = c.flag("affine"),
                                                     .track_running_stats = c.flag("track")});
}

ModulePtr embedding_module(const Call& c) {
  nn::EmbeddingOptions options;
  if (c.has("padding_idx")) options.padding_idx = c.integer("padding_idx");
  return std::make_shared<nn::Embedding>(c.integer("count"), c.integer("size"), options);
}

ModulePtr container_module(const Call& c, const std::string& kind) {
  if (kind == "mlp") {
    return std::make_shared<nn::Sequential>(std::initializer_list<ModulePtr>{
        linear_module(c, "in", "hidden"), std::make_shared<nn::ReLU>(),
        std::make_shared<nn::Dropout>(0.0), linear_module(c, "hidden", "out")});
  }
  if (kind == "block") {
    const ModulePtr inner = std::make_shared<nn::Sequential>(std::initializer_list<ModulePtr>{
        conv_module(c), batch_norm_module<nn::BatchNorm2d>(c, "out"),
        std::make_shared<nn::ReLU>()});
    return std::make_shared<nn::Residual>(inner);
  }
  return nullptr;
}

ModulePtr pooling_module(const Call& c, const std::string& kind) {
  if (kind == "MaxPool2d") {
    return std::make_shared<nn::MaxPool2d>(
        MaxPool2dOptions{.kernel = c.pair("kernel"), .padding = c.pair("padding")});
  }
  if (kind == "AvgPool2d") {
    return std::make_shared<nn::AvgPool2d>(
        AvgPool2dOptions{.kernel = c.pair("kernel"), .padding = c.pair("padding")});
  }
  if (kind == "AdaptiveAvgPool2d") {
    return std::make_shared<nn::AdaptiveAvgPool2d>(c.pair("size"));
  }
  return nullptr;
}

ModulePtr make_module(const Call& c) {
  const std::string& kind = c.text("kind");
  if (ModulePtr module = activation_module(c, kind)) return module;
  if (ModulePtr module = pooling_module(c, kind)) return module;
  if (ModulePtr module = container_module(c, kind)) return module;
  if (ModulePtr module = other_conv_module(c, kind)) return module;
  if (ModulePtr module = other_norm_module(c, kind)) return module;
  if (kind == "Linear") return linear_module(c, "in", "out");
  if (kind == "Conv2d") return conv_module(c);
  if (kind == "BatchNorm1d") return batch_norm_module<nn::BatchNorm1d>(c, "out");
  if (kind == "BatchNorm2d") return batch_norm_module<nn::BatchNorm2d>(c, "out");
  if (kind == "Embedding") return embedding_module(c);
  if (kind == "Flatten") return std::make_shared<nn::Flatten>();
  if (kind == "Identity") return std::make_shared<nn::Identity>();
  if (kind == "Dropout") return std::make_shared<nn::Dropout>(c.number("p"));
  if (kind == "LayerNorm") {
    return std::make_shared<nn::LayerNorm>(
        c.shape("shape"), nn::LayerNormOptions{.eps = c.number("eps"), .affine = c.flag("affine")});
  }
  throw std::logic_error("no module " + kind);
}

/// "a,b" as {"a", "b"}.
std::vector<std::string> split_names(const std::string& text) {
  std::vector<std::string> names;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    names.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return names;
}

}  // namespace

// Tensors: x, the gradient of the result, and the state that "names" lists. Results: y, the
// gradient of x where it has one, those of the parameters, and the state afterwards.
void add_modules(Table& table) {
  enter_all(table, "module", {}, [](Call& c) {
    const ModulePtr module = make_module(c);
    const std::vector<std::string> names = split_names(c.text("names"));
    StateDict state;
    for (std::size_t i = 0; i < names.size(); ++i) state.push_back({names[i], c[2 + i]});
    module->load_state_dict(state);
    module->train(c.flag("training"));
    const Tensor y = (*module)(c[0]);
    Results results = {y.detach()};
    if (y.requires_grad()) y.backward(c[1]);
    if (c[0].requires_grad()) results.push_back(c.bases[0].grad());
    for (const Tensor& parameter : module->parameters()) results.push_back(parameter.grad());
    const StateDict after = module->state_dict();
    for (const std::string& name : names) {
      results.push_back(find(after, name, "parity").detach());
    }
    return results;
  });
}

}  // namespace plastic::parity
