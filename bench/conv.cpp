// Every convolution of resnet18 and small_cnn by itself: each pass, with the automatic choice and
// with each algorithm that can do it.

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "bench/conv_layers.h"
#include "bench/harness.h"
#include "core/cpu/conv/conv_winograd.h"
#include "core/device/backend.h"
#include "plastic/core/conv_algorithm.h"
#include "plastic/core/random.h"
#include "plastic/core/tensor.h"

namespace plastic::bench {
namespace {

enum class Pass { forward, input_grad, weight_grad };

/// A layer with all the arrays that its passes read and write, in the layouts of the kernels.
class Layer {
 public:
  Layer(const Conv2dShape& shape, ConvAlgorithm algorithm, Pass pass)
      : shape_(shape), algorithm_(algorithm), pass_(pass) {
    Generator generator{.seed = 1};
    const std::int64_t taps = shape.in_channels * shape.kernel_height * shape.kernel_width;
    x_ = normal({shape.batch, shape.in_height, shape.in_width, shape.in_channels}, 0, 1, generator);
    y_ = normal({shape.batch, shape.out_height, shape.out_width, shape.out_channels}, 0, 1,
                generator);
    weight_ =
        normal({shape.out_channels, taps}, 0, 1 / std::sqrt(static_cast<double>(taps)), generator);
    const Tensor& like = pass == Pass::forward ? y_ : pass == Pass::input_grad ? x_ : weight_;
    result_ = Tensor::empty(like.shape());
  }

  void run() {
    set_conv_algorithm(algorithm_);
    const auto* x = x_.data<float>();
    const auto* y = y_.data<float>();
    const auto* weight = weight_.data<float>();
    auto* result = result_.mutable_data<float>();
    switch (pass_) {
      case Pass::forward:
        return cpu_backend().conv2d(shape_, x, weight, nullptr, false, result);
      case Pass::input_grad:
        return cpu_backend().conv2d_input_grad(shape_, y, weight, result);
      case Pass::weight_grad:
        return cpu_backend().conv2d_weight_grad(shape_, x, y, result);
    }
  }

 private:
  Conv2dShape shape_;
  ConvAlgorithm algorithm_;
  Pass pass_;
  Tensor x_, y_, weight_, result_;
};

void add_layer(const ConvLayer& layer, std::int64_t batch, const Options& options) {
  const Conv2dShape shape = layer.shape(batch);
  std::vector<ConvAlgorithm> algorithms = {ConvAlgorithm::automatic, ConvAlgorithm::im2row};
  if (cpu::winograd_fits(shape)) {
    algorithms.insert(algorithms.end(), {ConvAlgorithm::winograd2, ConvAlgorithm::winograd4});
  }
  const std::pair<const char*, Pass> passes[] = {{"forward", Pass::forward},
                                                 {"input_grad", Pass::input_grad},
                                                 {"weight_grad", Pass::weight_grad}};
  const std::int64_t parameters = layer.in * layer.out * layer.kernel * layer.kernel;
  for (const auto& [pass_name, pass] : passes) {
    if (layer.first && pass == Pass::input_grad) continue;
    for (const ConvAlgorithm algorithm : algorithms) {
      const std::string name = std::string(pass_name) + "-" + name_of(algorithm) + "/" +
                               layer.name() + "/batch" + std::to_string(batch);
      add_step(name, options, parameters, [shape, algorithm, pass = pass] {
        const auto timed = std::make_shared<Layer>(shape, algorithm, pass);
        return [timed] { timed->run(); };
      });
    }
  }
}

}  // namespace

void add_entries(const Options& options) {
  for (const std::int64_t batch : options.batches) {
    for (const ConvLayer& layer : conv_layers()) add_layer(layer, batch, options);
  }
}

}  // namespace plastic::bench
