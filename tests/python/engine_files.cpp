// Files of the engine's optimizers over tensors, which the Python package's tests compare with:
//
//   plastic_engine_files golden GOLDEN.json FOLDER   every case of the golden trajectories
//   plastic_engine_files optimizers FOLDER           every optimizer of the library
//   plastic_engine_files load NAME FILE              reads a state of the second kind back
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "plastic/core/safetensors.h"
#include "plastic/optim/optimizer_table.h"
#include "tests/optim/golden.h"
#include "tests/optim/helpers.h"

using namespace plastic;
using test::Json;

namespace {

namespace fs = std::filesystem;

using Parameters = std::vector<Tensor>;

void add(StateDict& all, const std::string& prefix, const Parameters& tensors) {
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    all.push_back({prefix + std::to_string(i), tensors[i].detach().clone()});
  }
}

void add_state(StateDict& all, const optim::Optimizer& optimizer) {
  for (NamedTensor& entry : optimizer.state_dict()) {
    all.push_back({"optimizer." + entry.name, entry.tensor});
  }
}

std::string text_of(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

/// "step.k.i": parameter i after step k; the state after the last one.
StateDict golden_trajectory(const Json& test_case) {
  optim::OptimizerSettings settings = optim::find_optimizer("neuroplastic").defaults;
  for (const char* option : {"lr", "weight_decay", "decoupled_weight_decay"}) {
    optim::set_option(settings, option, text_of(test_case.at(option)));
  }
  for (const char* section : {"plasticity", "homeostatic"}) {
    for (const auto& [name, value] : test_case.at(section).items()) {
      optim::set_option(settings, name, text_of(value));
    }
  }
  Parameters parameters;
  for (const Json& values : test_case.at("params")) {
    parameters.push_back(test::tensor_of(values).set_requires_grad());
  }
  const auto optimizer = optim::make_optimizer(settings, parameters);
  StateDict all;
  const Json& steps = test_case.at("steps");
  for (std::size_t k = 0; k < steps.size(); ++k) {
    optimizer->set_epoch(steps[k].at("epoch"), test_case.at("total_epochs"));
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      parameters[i].zero_grad();
      const Json& gradient = steps[k].at("grads")[i];
      if (gradient.is_null()) continue;
      parameters[i].set_grad(Tensor::from<float>(test::values_of(gradient), parameters[i].shape()));
    }
    optimizer->step();
    add(all, "step." + std::to_string(k) + ".", parameters);
  }
  add_state(all, *optimizer);
  return all;
}

/// A convolution's weight and bias, then a layer's: the second group, with another decay and
/// another rate (prodigy's groups must share one).
Parameters example_parameters() {
  return {test::parameter({5, 2, 3, 3}, 1), test::parameter({5}, 2), test::parameter({6, 40}, 3),
          test::parameter({6}, 4)};
}

std::unique_ptr<optim::Optimizer> example_optimizer(const std::string& name,
                                                    const Parameters& parameters) {
  const optim::OptimizerSettings defaults = optim::find_optimizer(name).defaults;
  std::vector<optim::OptimizerGroup> groups = {{defaults, {parameters[0], parameters[1]}},
                                               {defaults, {parameters[2], parameters[3]}}};
  if (name != "prodigy") groups[1].settings.lr = defaults.lr / 2;
  groups[1].settings.weight_decay = 0.01;
  return optim::make_optimizer(groups);
}

/// "start.i"; "gradient.k.i" of step k; "step.k.i" after it; the state after step 2.
StateDict example_trajectory(const std::string& name) {
  Parameters parameters = example_parameters();
  const auto optimizer = example_optimizer(name, parameters);
  StateDict all;
  add(all, "start.", parameters);
  for (int k = 0; k < 6; ++k) {
    const std::string prefix = std::to_string(k) + ".";
    optimizer->set_epoch(k / 2 + 1, 3);
    test::set_gradients(parameters, 10 * k);
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      all.push_back({"gradient." + prefix + std::to_string(i), parameters[i].grad().clone()});
    }
    optimizer->step();
    add(all, "step." + prefix, parameters);
    if (k == 2) add_state(all, *optimizer);
  }
  return all;
}

int run(const std::vector<std::string>& words) {
  if (words.size() == 3 && words[0] == "golden") {
    const Json file = test::read_json(words[1]);
    for (const Json& test_case : file.at("cases")) {
      const std::string name = test_case.at("name");
      save_safetensors(fs::path(words[2]) / (name + ".safetensors"), golden_trajectory(test_case));
    }
  } else if (words.size() == 2 && words[0] == "optimizers") {
    for (const optim::OptimizerEntry& entry : optim::optimizer_table()) {
      save_safetensors(fs::path(words[1]) / (entry.name + ".safetensors"),
                       example_trajectory(entry.name));
    }
  } else if (words.size() == 3 && words[0] == "load") {
    const auto optimizer = example_optimizer(words[1], example_parameters());
    optimizer->load_state_dict(load_safetensors(words[2]).tensors);
  } else {
    std::cerr << "usage: see the head of engine_files.cpp\n";
    return 2;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
