// How far each algorithm in f32 is from a direct convolution in f64: the largest difference of any
// element, over the largest value, and in brackets the same for norms, for each pass. The table of
// docs/winograd.md.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <vector>

#include "bench/conv_layers.h"
#include "core/device/backend.h"
#include "plastic/core/conv_algorithm.h"
#include "plastic/core/random.h"
#include "plastic/core/tensor.h"

namespace plastic::bench {
namespace {

constexpr std::int64_t batch = 8;

/// What the three passes give.
struct Results {
  std::vector<double> forward, input_grad, weight_grad;
};

template <class T>
std::vector<double> widened(const Tensor& tensor) {
  const std::vector<T> values = tensor.to_vector<T>();
  return {values.begin(), values.end()};
}

template <class T>
Results run(const ConvLayer& layer, ConvAlgorithm algorithm) {
  constexpr DType dtype = sizeof(T) == 4 ? DType::f32 : DType::f64;
  Conv2dShape shape = layer.shape(batch);
  shape.dtype = dtype;
  Generator generator{.seed = 1};
  const std::int64_t taps = layer.in * layer.kernel * layer.kernel;
  // Drawn in f32 for both.
  const Tensor x = normal({batch, layer.size, layer.size, layer.in}, 0, 1, generator).to(dtype);
  const Tensor weight =
      normal({layer.out, taps}, 0, 1 / std::sqrt(static_cast<double>(taps)), generator).to(dtype);
  const Tensor grad_y =
      normal({batch, shape.out_height, shape.out_width, layer.out}, 0, 1, generator).to(dtype);
  Tensor y = Tensor::empty(grad_y.shape(), {.dtype = dtype});
  Tensor grad_x = Tensor::empty(x.shape(), {.dtype = dtype});
  Tensor grad_weight = Tensor::empty(weight.shape(), {.dtype = dtype});
  set_conv_algorithm(algorithm);
  Backend& cpu = cpu_backend();
  cpu.conv2d(shape, x.data<T>(), weight.data<T>(), nullptr, false, y.mutable_data<T>());
  cpu.conv2d_input_grad(shape, grad_y.data<T>(), weight.data<T>(), grad_x.mutable_data<T>());
  cpu.conv2d_weight_grad(shape, x.data<T>(), grad_y.data<T>(), grad_weight.mutable_data<T>());
  return {widened<T>(y), widened<T>(grad_x), widened<T>(grad_weight)};
}

/// The largest difference over the largest value, and the norm of differences over that of values.
struct Error {
  double largest = 0, norm = 0;
};

Error error(const std::vector<double>& actual, const std::vector<double>& exact) {
  double difference = 0;
  double largest = 0;
  double squares = 0;
  double norm = 0;
  for (std::size_t i = 0; i < exact.size(); ++i) {
    const double off = actual[i] - exact[i];
    difference = std::max(difference, std::abs(off));
    largest = std::max(largest, std::abs(exact[i]));
    squares += off * off;
    norm += exact[i] * exact[i];
  }
  return {.largest = difference / largest, .norm = std::sqrt(squares / norm)};
}

void print_table() {
  std::printf(
      "| channels, image | algorithm | forward | input gradient | weight gradient |\n"
      "| --- | --- | --- | --- | --- |\n");
  for (const ConvLayer& layer : {ConvLayer{64, 64, 32}, ConvLayer{128, 128, 16},
                                 ConvLayer{256, 256, 8}, ConvLayer{512, 512, 4}}) {
    const Results exact = run<double>(layer, ConvAlgorithm::direct);
    for (const ConvAlgorithm algorithm : {ConvAlgorithm::direct, ConvAlgorithm::im2row,
                                          ConvAlgorithm::winograd2, ConvAlgorithm::winograd4}) {
      const Results actual = run<float>(layer, algorithm);
      std::printf("| %d, %dx%d | %s |", static_cast<int>(layer.in), static_cast<int>(layer.size),
                  static_cast<int>(layer.size), name_of(algorithm));
      for (const Error& e :
           {error(actual.forward, exact.forward), error(actual.input_grad, exact.input_grad),
            error(actual.weight_grad, exact.weight_grad)}) {
        std::printf(" %.1e (%.1e) |", e.largest, e.norm);
      }
      std::printf("\n");
      std::fflush(stdout);
    }
  }
}

}  // namespace
}  // namespace plastic::bench

int main() {
  try {
    plastic::bench::print_table();
    return EXIT_SUCCESS;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return EXIT_FAILURE;
  }
}
