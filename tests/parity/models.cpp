// Models for the comparison with PyTorch (models.py). What run_model() reads holds "model.NAME",
// "x" and "labels"; what it writes, "logits", "loss", "grad.x", "grad.NAME" of each parameter and,
// as they are afterwards, "model.NAME" of all that the model keeps.
#include <string>

#include "call.h"

namespace plastic::parity {
namespace {

nn::ModulePtr make_model(const std::string& name) {
  if (name == "mlp") {
    return nn::mlp({.inputs = 60, .hidden = {32, 24}, .classes = 10, .dropout = 0});
  }
  if (name == "lenet") return nn::lenet();
  if (name == "small_cnn") return nn::small_cnn({}, 0);
  if (name == "resnet18") return nn::resnet18();
  if (name == "resnet18_imagenet") {
    return nn::resnet18({.classes = 1000}, nn::ResNetStem::imagenet);
  }
  throw Error("[parity] unknown model " + name);
}

StateDict prefixed(const std::string& prefix, const StateDict& state) {
  StateDict result;
  for (const NamedTensor& entry : state) result.push_back({prefix + entry.name, entry.tensor});
  return result;
}

StateDict model_part(const StateDict& all) {
  const std::string prefix = "model.";
  StateDict part;
  for (const NamedTensor& entry : all) {
    if (entry.name.starts_with(prefix)) {
      part.push_back({entry.name.substr(prefix.size()), entry.tensor});
    }
  }
  return part;
}

}  // namespace

void init_model(const std::string& name, const std::string& file) {
  manual_seed(5);
  save_safetensors(file, prefixed("model.", make_model(name)->state_dict()));
}

void run_model(const std::string& name, const std::string& mode, const std::string& in,
               const std::string& out) {
  const StateDict given = load_safetensors(in).tensors;
  const nn::ModulePtr model = make_model(name);
  model->load_state_dict(model_part(given));
  model->train(mode == "train");
  Tensor x = find(given, "x", "parity");
  x.set_requires_grad();
  const Tensor logits = (*model)(x);
  const Tensor loss = cross_entropy(logits, find(given, "labels", "parity"));
  loss.backward();
  StateDict result = {{"logits", logits.detach()}, {"loss", loss.detach()}, {"grad.x", x.grad()}};
  for (const NamedTensor& entry : model->named_parameters()) {
    result.push_back({"grad." + entry.name, entry.tensor.grad()});
  }
  for (NamedTensor& entry : prefixed("model.", model->state_dict())) result.push_back(entry);
  save_safetensors(out, result);
}

}  // namespace plastic::parity
