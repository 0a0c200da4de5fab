// The optimizer's step alone, on the parameters of two models with given gradients, and the memory
// bandwidth that bounds it.

#include <memory>
#include <thread>

#include "bench/harness.h"
#include "bench/shapes.h"
#include "plastic/core/ops/elementwise.h"
#include "plastic/core/ops/reduce.h"
#include "plastic/core/random.h"
#include "plastic/core/tensor.h"
#include "plastic/optim/adam.h"
#include "plastic/optim/neuroplastic.h"
#include "plastic/optim/sgd.h"

namespace plastic::bench {
namespace {

using Parameters = std::vector<Tensor>;
using MakeOptimizer = std::function<std::shared_ptr<optim::Optimizer>(const Parameters&)>;

Parameters make_parameters(const std::vector<Shape>& shapes) {
  Generator generator{.seed = 1};
  Parameters parameters;
  for (const Shape& shape : shapes) {
    Tensor parameter = uniform(shape, -0.1, 0.1, generator);
    parameter.set_requires_grad();
    parameters.push_back(parameter);
  }
  return parameters;
}

/// Gradients where backward() leaves them for an optimizer that exists. Those set from outside
/// would be copied there in each step.
void give_gradients(const Parameters& parameters) {
  Generator generator{.seed = 2};
  for (const Tensor& parameter : parameters) {
    sum(mul(parameter, uniform(parameter.shape(), -0.01, 0.01, generator))).backward();
  }
}

void add_optimizers(const std::string& model, const std::vector<Shape>& shapes,
                    const Options& options) {
  std::int64_t count = 0;
  for (const Shape& shape : shapes) count += shape.numel();
  const auto add = [&](const std::string& rule, const MakeOptimizer& make) {
    add_step(rule + "/" + model, options, count, [shapes, make] {
      const Parameters parameters = make_parameters(shapes);
      const auto optimizer = make(parameters);
      give_gradients(parameters);
      return [optimizer] { optimizer->step(); };
    });
  };
  add("sgd", [](const Parameters& p) {
    return std::make_shared<optim::Sgd>(p, optim::SgdOptions{.lr = 1e-3, .momentum = 0.9});
  });
  add("sgd_plain", [](const Parameters& p) {
    return std::make_shared<optim::Sgd>(p, optim::SgdOptions{.lr = 1e-3});
  });
  add("adam", [](const Parameters& p) { return std::make_shared<optim::Adam>(p); });
  add("neuroplastic", [](const Parameters& p) { return std::make_shared<optim::NeuroPlastic>(p); });
  add("neuroplastic-diagnostics", [](const Parameters& p) {
    return std::make_shared<optim::NeuroPlastic>(p,
                                                 optim::NeuroPlasticOptions{.diagnostics = true});
  });
}

constexpr std::size_t stream_elements = std::size_t{64} << 20;

/// Reads and writes back, once, an array far larger than any cache, each thread its own part: eight
/// bytes an element, and the least that an update in place can do.
void update_in_place(std::vector<float>& array, int threads) {
  const std::size_t part = array.size() / static_cast<std::size_t>(threads);
  std::vector<std::jthread> workers;
  for (int t = 0; t < threads; ++t) {
    float* first = array.data() + static_cast<std::size_t>(t) * part;
    workers.emplace_back([first, part] {
      for (std::size_t i = 0; i < part; ++i) first[i] = first[i] * 0.5F + 1.0F;
    });
  }
}

}  // namespace

void add_entries(const Options& options) {
  add_step("stream", options, stream_elements, [threads = options.threads] {
    const auto array = std::make_shared<std::vector<float>>(stream_elements, 1.0F);
    return [array, threads] { update_in_place(*array, threads); };
  });
  add_optimizers("resnet18", resnet18_shapes(), options);
  add_optimizers("mlp", mlp_shapes(), options);
}

}  // namespace plastic::bench
