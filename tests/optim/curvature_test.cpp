// Eigenvalues of Hessians and noise scales, against PyTorch's whole Hessians and single gradients
// in f64 (golden/make_curvature.py).
#include "plastic/optim/curvature.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "optim/curvature/tridiagonal.h"
#include "plastic/core/ops.h"
#include "plastic/nn/batch_norm.h"
#include "plastic/nn/convert.h"
#include "plastic/nn/dropout.h"
#include "plastic/nn/linear.h"
#include "plastic/nn/models.h"
#include "plastic/nn/sequential.h"
#include "plastic/optim/sgd.h"
#include "tests/optim/golden.h"
#include "tests/support/paths.h"
#include "tests/support/text.h"
#include "tests/support/thread_count.h"

using namespace plastic;
using namespace plastic::test;

namespace {

/// A network of the golden file with its examples.
struct Network {
  std::string name;
  std::vector<Tensor> parameters;
  Tensor x;
  Tensor labels;

  Tensor logits(const Tensor& inputs) const {
    const std::vector<Tensor>& p = parameters;
    if (name == "convolution") {
      const Tensor hidden = relu(conv2d(inputs, p[0], p[1], {.padding = {1, 1}}));
      return linear(max_pool2d(hidden).flatten(1), p[2], p[3]);
    }
    const Tensor hidden = linear(inputs, p[0], p[1]);
    return linear(name == "tanh" ? tanh(hidden) : relu(hidden), p[2], p[3]);
  }

  /// The mean over batches of `size` consecutive examples in this order.
  optim::BatchLoss loss(std::int64_t size, const std::vector<std::int64_t>& order) const {
    return {.of =
                [this, size, order](std::int64_t batch) {
                  const auto first = order.begin() + static_cast<std::ptrdiff_t>(batch * size);
                  const auto last = first + static_cast<std::ptrdiff_t>(size);
                  const Tensor chosen = Tensor::from(std::vector<std::int64_t>(first, last));
                  return cross_entropy(logits(index_select(x, 0, chosen)),
                                       index_select(labels, 0, chosen));
                },
            .batches = x.size(0) / size};
  }

  std::vector<std::int64_t> order() const {
    std::vector<std::int64_t> all(static_cast<std::size_t>(x.size(0)));
    std::iota(all.begin(), all.end(), 0);
    return all;
  }
};

Tensor wide_tensor(const Json& json) {
  return Tensor::from(json.at("values").get<std::vector<double>>(),
                      Shape(json.at("shape").get<std::vector<std::int64_t>>()));
}

const Json& golden() {
  static const Json json = read_json(test_folder() / "optim/golden/curvature.json");
  return json;
}

Network network(const std::string& name) {
  const Json& json = golden().at(name);
  Network net;
  net.name = name;
  for (const Json& parameter : json.at("parameters")) {
    net.parameters.push_back(wide_tensor(parameter).set_requires_grad());
  }
  net.x = wide_tensor(json.at("x"));
  net.labels = Tensor::from(json.at("labels").get<std::vector<std::int64_t>>());
  return net;
}

double dot_of(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  double all = 0;
  for (std::size_t i = 0; i < a.size(); ++i) all += sum(mul(a[i], b[i])).item();
  return all;
}

}  // namespace

TEST_CASE("optim.curvature.eigenvalues_of_the_whole_hessian") {
  for (const std::string name : {"tanh", "relu", "convolution"}) {
    CAPTURE(name);
    const Network net = network(name);
    const auto exact = golden().at(name).at("eigenvalues").get<std::vector<double>>();
    // The mean over several batches is the loss of the whole.
    for (const std::int64_t batch : {net.x.size(0), std::int64_t{8}}) {
      const optim::HessianEigenvalues found = optim::hessian_eigenvalues(
          net.parameters, net.loss(batch, net.order()), {.eigenvalues = 3});
      REQUIRE(found.values.size() == 3);
      CHECK(found.converged);
      CHECK(found.roughness < 1e-4);
      for (std::size_t i = 0; i < 3; ++i) {
        CHECK(found.values[i] == doctest::Approx(exact[i]).epsilon(1e-6));
        CHECK(found.residuals[i] <= 2e-4 * exact[i]);
        CHECK(dot_of(found.vectors[i], found.vectors[i]) == doctest::Approx(1));
        for (std::size_t j = 0; j < i; ++j) {
          CHECK(std::abs(dot_of(found.vectors[i], found.vectors[j])) < 1e-6);
        }
      }
    }
  }
}

TEST_CASE("optim.curvature.all_eigenvalues_of_a_quadratic") {
  // 3 occurs twice, and is given once more only as the space is whole.
  Tensor x = Tensor::from(std::vector<double>{1, -2, 0.5, 3}).set_requires_grad();
  const Tensor curvatures = Tensor::from(std::vector<double>{3, 3, -1, 0.25});
  const optim::BatchLoss loss{
      .of = [&](std::int64_t) { return sum(mul(curvatures, mul(x, x))) * 0.5; }};
  const optim::HessianEigenvalues found = optim::hessian_eigenvalues({x}, loss, {.eigenvalues = 4});
  const std::vector<double> expected = {3, 3, 0.25, -1};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CHECK(found.values[i] == doctest::Approx(expected[i]).epsilon(1e-6));
  }
  CHECK(found.iterations == 4);
}

TEST_CASE("optim.curvature.a_kink_beside_the_parameters_does_not_count") {
  // ReLU has a kink 3e-8 away along x: a difference across it would be of the order of 1e7.
  Tensor x = Tensor::from(std::vector<double>{3e-8, 1.0}).set_requires_grad();
  const optim::BatchLoss loss{.of = [&](std::int64_t) {
    const Tensor y = x.slice(0, 1, 2);
    return sum(add(relu(x.slice(0, 0, 1)), mul(y, y)));
  }};
  const optim::HessianEigenvalues found = optim::hessian_eigenvalues({x}, loss);
  CHECK(found.values[0] == doctest::Approx(2).epsilon(1e-3));
  CHECK(found.converged);
}

TEST_CASE("optim.curvature.noise_scale_of_single_gradients") {
  for (const std::string name : {"tanh", "relu", "convolution"}) {
    CAPTURE(name);
    const Network net = network(name);
    const Json& exact = golden().at(name);
    const optim::NoiseScale noise = optim::noise_scale(net.parameters, net.loss(1, net.order()), 1);
    const auto trace = exact.at("trace").get<double>();
    const auto square = exact.at("gradient_square").get<double>();
    CHECK(noise.trace == doctest::Approx(trace).epsilon(1e-9));
    CHECK(noise.gradient_square == doctest::Approx(square).epsilon(1e-9));
    CHECK(noise.gradient_norm ==
          doctest::Approx(exact.at("gradient_norm").get<double>()).epsilon(1e-9));
    CHECK(noise.scale == doctest::Approx(trace / square).epsilon(1e-9));
  }
}

TEST_CASE("optim.curvature.noise_scale_is_unbiased_for_any_batch_size") {
  const Network net = network("tanh");
  const auto exact = golden().at("tanh").at("trace").get<double>();
  const auto exact_square = golden().at("tanh").at("gradient_square").get<double>();
  Generator generator{.seed = 4};
  for (const std::int64_t size : {4, 10}) {
    double trace = 0, square = 0, variance = 0, spread = 0;
    constexpr int draws = 300;
    std::vector<double> traces;
    for (int draw = 0; draw < draws; ++draw) {
      std::vector<std::int64_t> order = net.order();
      for (std::size_t i = order.size(); i > 1; --i) {
        const auto other = static_cast<std::size_t>(generator.next_below(i));
        std::swap(order[i - 1], order[other]);
      }
      const optim::NoiseScale noise =
          optim::noise_scale(net.parameters, net.loss(size, order), size);
      trace += noise.trace / draws;
      square += noise.gradient_square / draws;
      variance += noise.trace_variance / draws;
      traces.push_back(noise.trace);
    }
    for (const double one : traces) spread += (one - trace) * (one - trace) / (draws - 1);
    // A mean of 300 draws is within 5% of what it estimates.
    CHECK(trace == doctest::Approx(exact).epsilon(0.05));
    CHECK(square == doctest::Approx(exact_square).epsilon(0.1));
    // The jackknife's variance is that of the draws, but for what a sample of 40 hides.
    CHECK(variance > 0.4 * spread);
    CHECK(variance < 4 * spread);
  }
}

TEST_CASE("optim.curvature.leaves_parameters_gradients_and_state_alone") {
  Generator generator{.seed = 3};
  nn::Sequential model{
      std::make_shared<nn::Linear>(4, 6, nn::LinearOptions{.generator = &generator}),
      std::make_shared<nn::BatchNorm1d>(6), std::make_shared<nn::Dropout>(0.5, &generator),
      std::make_shared<nn::Linear>(6, 2, nn::LinearOptions{.generator = &generator})};
  const Tensor x = normal({16, 4}, 0, 1, generator, DType::f64);
  nn::convert(model, DType::f64);
  for (Tensor& parameter : model.parameters()) {
    parameter.set_grad(Tensor::full(parameter.shape(), 0.5, {.dtype = DType::f64}));
  }
  std::vector<std::vector<double>> before;
  for (const Tensor& parameter : model.parameters())
    before.push_back(parameter.to_vector<double>());
  for (const Tensor& buffer : model.buffers()) {
    if (buffer.dtype() == DType::f64) before.push_back(buffer.to_vector<double>());
  }
  const Generator drawn = generator;
  model.eval();
  const optim::BatchLoss loss{
      .of =
          [&](std::int64_t batch) {
            return mean(pow(model(x.slice(0, 4 * batch, 4 * batch + 4)), 2));
          },
      .batches = 4};
  optim::hessian_eigenvalues(model.parameters(), loss);
  optim::noise_scale(model.parameters(), loss, 4);
  const optim::BatchLoss infinite{.of = [&](std::int64_t) { return sum(model(x)) / 0.0; }};
  CHECK(contains(error_of([&] { optim::hessian_eigenvalues(model.parameters(), infinite); }),
                 "[hessian_eigenvalues] the loss of batch 0 is"));
  std::vector<std::vector<double>> after;
  for (const Tensor& parameter : model.parameters()) {
    after.push_back(parameter.to_vector<double>());
    CHECK(parameter.grad().to_vector<double>() ==
          std::vector<double>(static_cast<std::size_t>(parameter.numel()), 0.5));
  }
  for (const Tensor& buffer : model.buffers()) {
    if (buffer.dtype() == DType::f64) after.push_back(buffer.to_vector<double>());
  }
  CHECK(before == after);
  CHECK(generator == drawn);
}

TEST_CASE("optim.curvature.same_bits_for_any_number_of_threads") {
  Generator generator{.seed = 5};
  const nn::ModulePtr model =
      nn::small_cnn({.channels = 1, .height = 12, .width = 12, .generator = &generator});
  nn::convert(*model, DType::f64);
  model->eval();
  const Tensor x = normal({8, 1, 12, 12}, 0, 1, generator, DType::f64);
  const Tensor labels = Tensor::arange(8, {.dtype = DType::i64});
  const optim::BatchLoss loss{.of =
                                  [&](std::int64_t batch) {
                                    const std::int64_t first = 2 * batch;
                                    return cross_entropy((*model)(x.slice(0, first, first + 2)),
                                                         labels.slice(0, first, first + 2));
                                  },
                              .batches = 4};
  std::vector<double> numbers[2];
  for (const int threads : {1, 3}) {
    const ThreadCount count(threads);
    const auto found = optim::hessian_eigenvalues(model->parameters(), loss,
                                                  {.max_iterations = 3, .tolerance = 1e-2});
    const auto noise = optim::noise_scale(model->parameters(), loss, 2);
    numbers[threads / 2] = {found.values[0], found.residuals[0], noise.trace, noise.gradient_square,
                            noise.trace_variance};
  }
  CHECK(numbers[0] == numbers[1]);
}

TEST_CASE("optim.curvature.errors") {
  const auto refusal = [](const std::vector<Tensor>& parameters, const optim::BatchLoss& loss,
                          const optim::HessianOptions& options = {}) {
    return error_of([&] { optim::hessian_eigenvalues(parameters, loss, options); });
  };
  Tensor narrow = Tensor::ones({2}).set_requires_grad();
  Tensor wide = Tensor::ones({2}, {.dtype = DType::f64}).set_requires_grad();
  const Tensor fixed = Tensor::ones({2}, {.dtype = DType::f64});
  const optim::BatchLoss square{.of = [&](std::int64_t) { return sum(mul(wide, wide)); }};
  CHECK(contains(refusal({narrow}, square), "parameter 0 is f32"));
  CHECK(contains(refusal({narrow}, square), "nn::convert()"));
  CHECK(contains(refusal({fixed}, square), "parameter 0 does not require a gradient"));
  CHECK(contains(refusal({wide, wide}, square), "given twice"));
  CHECK(contains(refusal({}, square), "there are no parameters"));
  CHECK(contains(refusal({wide}, {}), "there is no loss"));
  CHECK(contains(refusal({wide}, square, {.eigenvalues = 3}), "3 eigenvalues of 2 parameters"));
  CHECK(contains(refusal({wide}, square, {.eigenvalues = 0}), "expected 1 or more"));
  CHECK(contains(refusal({wide}, square, {.tolerance = 0}), "tolerance is 0"));
  const optim::BatchLoss long_loss{.of = [&](std::int64_t) { return mul(wide, wide); }};
  CHECK(contains(refusal({wide}, long_loss), "must be a single element"));
  CHECK(contains(error_of([&] { optim::noise_scale({wide}, square, 1); }), "2 batches or more"));
  CHECK(contains(error_of([&] { optim::noise_scale({wide}, square, 0); }), "1 example or more"));
}

TEST_CASE("optim.curvature.tridiagonal_matrices") {
  // Of the second difference with n = 6: 2 - 2·cos(kπ/7).
  const auto eigen =
      optim::tridiagonal_eigen(std::vector<double>(6, 2.0), std::vector<double>(5, -1.0));
  for (std::size_t i = 0; i < 6; ++i) {
    const double k = 6.0 - static_cast<double>(i);
    CHECK(eigen.values[i] == doctest::Approx(2 - 2 * std::cos(k * M_PI / 7)).epsilon(1e-12));
    const std::vector<double>& v = eigen.vectors[i];
    for (std::size_t j = 0; j < 6; ++j) {
      const double row = 2 * v[j] - (j > 0 ? v[j - 1] : 0) - (j < 5 ? v[j + 1] : 0);
      CHECK(row == doctest::Approx(eigen.values[i] * v[j]).epsilon(1e-10));
    }
  }
  const auto split = optim::tridiagonal_eigen({1, 5, 3}, {0, 0});
  CHECK(split.values == std::vector<double>{5, 3, 1});
}
