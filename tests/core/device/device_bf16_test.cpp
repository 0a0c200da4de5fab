// Operations in bf16, on the CPU and on a device that is told apart from it.
#include <doctest/doctest.h>

#include <cmath>

#include "plastic/core/autograd.h"
#include "plastic/core/error.h"
#include "plastic/core/ops.h"
#include "plastic/core/precision.h"
#include "plastic/core/random.h"
#include "plastic/nn/layer_norm.h"
#include "plastic/nn/loss.h"
#include "tests/core/ops/op_cases.h"
#include "tests/core/pretend_device.h"

namespace plastic::test {
namespace {

constexpr Device cuda{.type = DeviceType::cuda};
constexpr DType bf16 = DType::bf16;

/// A device, and a precision for its products.
class Bf16Device {
 public:
  explicit Bf16Device(Precision precision = Precision::f32) { set_precision(precision); }
  ~Bf16Device() { set_precision(Precision::f32); }
  Bf16Device(const Bf16Device&) = delete;
  Bf16Device& operator=(const Bf16Device&) = delete;

 private:
  PretendDevice device_;
};

constexpr Device devices[] = {Device{}, cuda};

/// What f returns in f32.
template <class F>
auto in_f32(const F& f) {
  const Precision before = precision();
  set_precision(Precision::f32);
  auto result = f();
  set_precision(before);
  return result;
}

struct Run {
  Tensor result;
  std::vector<Tensor> gradients;
};

Run forward_and_backward(const OpCase& op_case, std::span<const Tensor> inputs) {
  Run run{.result = op_case.run(inputs), .gradients = {}};
  Generator generator{.seed = 9};
  const Tensor g = uniform(run.result.shape(), 0.5, 1.5, generator).to(bf16);
  run.result.backward(g.to(run.result.dtype()).to(run.result.device()));
  for (const Tensor& input : inputs) run.gradients.push_back(input.grad());
  return run;
}

/// The largest difference, relative to the largest number of each tensor.
double difference(const Tensor& actual, const Tensor& expected) {
  const auto a = actual.detach().to(DType::f32).to_vector<float>();
  const auto b = expected.detach().to(DType::f32).to_vector<float>();
  REQUIRE(a.size() == b.size());
  float largest = 1e-3F;
  for (const float value : b) largest = std::max(largest, std::abs(value));
  double worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double apart = std::abs(a[i] - b[i]) / largest;
    if (!(apart <= worst)) worst = apart;
  }
  return worst;
}

// A rounding to bf16 is off by at most 2⁻⁹ of the number; sums in which terms cancel show more.
constexpr double tolerance = 0.1;

void check_close(const Run& actual, const Run& expected) {
  CHECK(difference(actual.result, expected.result) <= tolerance);
  for (std::size_t i = 0; i < expected.gradients.size(); ++i) {
    CAPTURE(i);
    CHECK(difference(actual.gradients[i], expected.gradients[i]) <= tolerance);
  }
}

TEST_CASE("core.device.bf16.operations_take_it") {
  const Bf16Device device;
  for (const Device there : devices) {
    CAPTURE(to_string(there));
    for (const OpCase& op_case : op_cases()) {
      // The two parts of its gradient cancel: what is left is rounding alone.
      if (op_case.name == "div/same tensor") continue;
      CAPTURE(op_case.name);
      const bool normalises = op_case.name.starts_with("batch_norm");
      std::vector<Tensor> narrow;
      std::vector<Tensor> wide;
      for (const Tensor& input : make_inputs(op_case, DType::f32)) {
        // Both see the same numbers.
        const Tensor rounded = input.detach().to(bf16);
        const DType dtype = normalises && input.rank() == 1 ? DType::f32 : bf16;
        narrow.push_back(rounded.clone().to(dtype).to(there).set_requires_grad());
        wide.push_back(rounded.to(DType::f32).set_requires_grad());
      }
      const Run run = forward_and_backward(op_case, narrow);
      for (std::size_t i = 0; i < narrow.size(); ++i) {
        CHECK(run.gradients[i].dtype() == narrow[i].dtype());
      }
      check_close(run, forward_and_backward(op_case, wide));
    }
  }
}

TEST_CASE("core.device.bf16.products_narrow_what_they_read") {
  const Bf16Device device(Precision::bf16);
  for (const Device there : devices) {
    CAPTURE(to_string(there));
    for (const OpCase& op_case : op_cases()) {
      const auto is = [&](const char* family) { return op_case.name.starts_with(family); };
      if (!is("matmul") && !is("linear") && !is("einsum") && !is("conv2d")) continue;
      // A product with something in f32 is between different dtypes.
      if (is("conv2d/elementwise around")) continue;
      // What einsum makes of one tensor is a sum or a view.
      const bool is_product = !is("einsum") || op_case.inputs.size() == 2;
      CAPTURE(op_case.name);
      std::vector<Tensor> given;
      std::vector<Tensor> here;
      for (const Tensor& input : make_inputs(op_case, DType::f32)) {
        const Tensor rounded = input.detach().to(bf16).to(DType::f32);
        given.push_back(rounded.clone().to(there).set_requires_grad());
        here.push_back(rounded.clone().set_requires_grad());
      }
      const Run run = forward_and_backward(op_case, given);
      CHECK(run.result.dtype() == (is_product ? bf16 : DType::f32));
      for (const Tensor& gradient : run.gradients) CHECK(gradient.dtype() == DType::f32);
      check_close(run, in_f32([&] { return forward_and_backward(op_case, here); }));
    }
  }
}

TEST_CASE("core.device.bf16.sums_and_losses_widen_it") {
  const Bf16Device device;
  for (const Device there : devices) {
    CAPTURE(to_string(there));
    Generator generator{.seed = 3};
    const Tensor x = uniform({4, 3}, -1, 1, generator).to(bf16).to(there);
    const Tensor exact = x.to(Device{}).to(DType::f32);
    const Tensor classes = Tensor::arange(3, {.dtype = DType::i64});
    const Tensor labels = concat(std::vector<Tensor>{classes, classes.slice(0, 0, 1)}, 0).to(there);
    const Tensor truth = Tensor::full({4, 3}, 0.5, {.device = there});
    nn::LayerNorm layer({3}, {.affine = false});
    const auto same = [](const Tensor& actual, const Tensor& expected) {
      CHECK(actual.dtype() == DType::f32);
      CHECK(actual.to_vector<float>() == expected.to_vector<float>());
    };
    const Tensor here = labels.to(Device{});
    const Tensor half = truth.to(Device{});
    same(mean(x), mean(exact));
    same(var(x, {1}), var(exact, {1}));
    same(norm(x), norm(exact));
    same(softmax(x, 1), softmax(exact, 1));
    same(log_softmax(x, 1), log_softmax(exact, 1));
    same(logsumexp(x, 1), logsumexp(exact, 1));
    same(cross_entropy(x, labels), cross_entropy(exact, here));
    same(layer.forward(x), layer.forward(exact));
    same(nn::mse_loss(x, truth), nn::mse_loss(exact, half));
    same(nn::l1_loss(x, truth), nn::l1_loss(exact, half));
    same(nn::huber_loss(x, truth), nn::huber_loss(exact, half));
    same(nn::bce_with_logits_loss(x, truth), nn::bce_with_logits_loss(exact, half));
    same(nn::nll_loss(x, labels), nn::nll_loss(exact, here));
    same(nn::cross_entropy_loss(x, labels, {.label_smoothing = 0.1}),
         nn::cross_entropy_loss(exact, here, {.label_smoothing = 0.1}));
  }
}

TEST_CASE("core.device.bf16.sums_of_picked_elements_are_f32") {
  const Bf16Device device;
  for (const Device there : devices) {
    CAPTURE(to_string(there));
    // Added up in bf16, ones stop at 256.
    const Tensor index = Tensor::zeros({300}, {.dtype = DType::i64, .device = there});
    const Tensor terms = Tensor::ones({300}, {.dtype = bf16, .device = there});
    const Tensor x = Tensor::zeros({1}, {.dtype = bf16, .device = there}).set_requires_grad();
    index_select(x, 0, index).backward(terms);
    CHECK(x.grad().item() == 300);
    const Tensor sums =
        scatter_add(Tensor::zeros({300}, {.dtype = bf16, .device = there}), 0, index, terms);
    CHECK(sums.dtype() == bf16);
    CHECK(sums.slice(0, 0, 1).item() == 300);
  }
}

TEST_CASE("core.device.bf16.batch_norm_keeps_parameters_in_f32") {
  const Bf16Device device;
  for (const Device there : devices) {
    CAPTURE(to_string(there));
    const TensorOptions narrow{.dtype = bf16, .device = there};
    const Tensor x = Tensor::ones({2, 3, 2, 2}, narrow);
    const Tensor weight = Tensor::ones({3}, {.device = there});
    CHECK(batch_norm(x, weight, weight, {}, {}, {.skip = x}).dtype() == bf16);
    CHECK_THROWS_WITH_AS(batch_norm(x, weight.to(bf16), {}, {}, {}),
                         "[batch_norm] weight is bf16, input bf16; needs f32", Error);
    CHECK_THROWS_WITH_AS(batch_norm(x, {}, {}, {}, {}, {.skip = x.to(DType::f32)}),
                         doctest::Contains("dtypes differ"), Error);
  }
}

/// The losses of some steps of gradient descent on a small network.
std::vector<double> train(Device device) {
  Generator generator{.seed = 6};
  const Tensor x = uniform({8, 3, 8, 8}, -1, 1, generator).to(device);
  const Tensor labels = Tensor::arange(8, {.dtype = DType::i64}).to(device);
  std::vector<Tensor> parameters;
  for (const Shape& shape :
       {Shape{8, 3, 3, 3}, Shape{8}, Shape{8}, Shape{32, 128}, Shape{32}, Shape{8, 32}, Shape{8}}) {
    parameters.push_back(uniform(shape, -0.3, 0.3, generator).to(device).set_requires_grad());
  }
  const Tensor mean = Tensor::zeros({8}, {.device = device});
  const Tensor var = Tensor::ones({8}, {.device = device});
  const std::vector<Tensor>& p = parameters;
  std::vector<double> losses;
  for (int step = 0; step < 40; ++step) {
    Tensor y = conv2d(x, p[0], {}, {.padding = {1, 1}});
    y = batch_norm(y, p[1], p[2], mean, var, {.activation = Activation::relu});
    y = max_pool2d(y, {.kernel = {2, 2}}).flatten(1);
    y = linear_relu_dropout(y, p[3], p[4], 0.1, generator);
    const Tensor loss = cross_entropy(linear(y, p[5], p[6]), labels);
    losses.push_back(loss.item());
    loss.backward();
    const NoGrad no_grad;
    for (Tensor& parameter : parameters) {
      CHECK(parameter.grad().dtype() == DType::f32);
      parameter.copy_(parameter - parameter.grad() * 0.1);
      parameter.zero_grad();
    }
  }
  return losses;
}

TEST_CASE("core.device.bf16.training_follows_f32") {
  const Bf16Device device(Precision::bf16);
  const std::vector<double> wide = in_f32([] { return train(Device{}); });
  CHECK(wide.back() < 0.3 * wide.front());
  const std::vector<double> narrow = train(Device{});
  for (std::size_t i = 0; i < wide.size(); ++i) {
    CAPTURE(i);
    CHECK(std::abs(narrow[i] - wide[i]) < 0.1);
    CHECK(narrow[i] != wide[i]);
  }
  CHECK(train(cuda) == narrow);
}

}  // namespace
}  // namespace plastic::test
