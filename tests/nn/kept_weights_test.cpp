// What kernels keep of weights that are not being trained is never that of other contents.
#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/device/batch_sums.h"
#include "core/tensor/constant_weight.h"
#include "plastic/core/autograd.h"
#include "plastic/core/conv_algorithm.h"
#include "plastic/core/device.h"
#include "plastic/core/memory.h"
#include "plastic/core/ops.h"
#include "plastic/core/random.h"
#include "plastic/nn/conv.h"
#include "plastic/nn/linear.h"
#include "plastic/optim/adam.h"
#include "plastic/optim/ema.h"
#include "plastic/optim/sam.h"
#include "plastic/optim/schedule_free.h"
#include "plastic/optim/sgd.h"

namespace plastic::nn {
namespace {

/// A layer with one weight, an input, and how to make the layer again.
struct Case {
  std::string name;
  std::function<std::shared_ptr<Module>()> make;
  Shape input;
};

/// One for each kind of form, whose batch decides which.
std::vector<Case> cases() {
  const auto linear = [](std::int64_t in, std::int64_t out) {
    return [in, out] { return std::make_shared<Linear>(in, out); };
  };
  const auto conv = [](std::int64_t in, std::int64_t out, std::int64_t stride) {
    return [in, out, stride] {
      return std::make_shared<Conv2d>(in, out, 3,
                                      Conv2dOptions{.stride = {stride, stride}, .padding = {1, 1}});
    };
  };
  return {{"packed columns", linear(70, 45), {9, 70}},
          {"F(4x4)", conv(20, 33, 1), {2, 20, 8, 8}},
          {"F(2x2)", conv(256, 256, 1), {1, 256, 7, 7}},
          {"few pixels", conv(20, 33, 1), {1, 20, 3, 3}},
          {"im2row", conv(20, 33, 2), {2, 20, 16, 16}}};
}

std::vector<float> evaluated(Module& layer, const Tensor& x) {
  const NoGrad no_grad;
  return layer.forward(x).to_vector<float>();
}

Tensor weight_of(const Module& layer) { return layer.named_parameters().front().tensor; }

/// By a new layer with these parameters, of which nothing can have been kept.
std::vector<float> evaluated_by_new(const Case& c, const Module& layer, const Tensor& x) {
  const std::shared_ptr<Module> other = c.make();
  {
    const NoGrad no_grad;
    for (std::size_t i = 0; i < layer.parameters().size(); ++i) {
      other->parameters()[i].copy_(layer.parameters()[i].detach());
    }
  }
  return evaluated(*other, x);
}

void train_once(Module& layer, const Tensor& x, optim::Optimizer& optimizer) {
  sum(layer.forward(x)).backward();
  optimizer.step();
  optimizer.zero_grad();
}

TEST_CASE("nn.kept_weights.every_write_makes_them_invalid") {
  using Write = std::function<void(Module&, const Tensor& x)>;
  const std::pair<const char*, Write> writes[] = {
      {"mutable_data", [](Module& m, const Tensor&) { weight_of(m).mutable_data<float>()[3] = 7; }},
      {"copy_",
       [](Module& m, const Tensor&) {
         const NoGrad no_grad;
         Tensor weight = weight_of(m);
         weight.copy_(Tensor::full(weight.shape(), 0.25));
       }},
      {"a view",
       [](Module& m, const Tensor&) {
         const NoGrad no_grad;
         weight_of(m).slice(0, 1, 2).fill_(0.5);
       }},
      {"arithmetic in place",
       [](Module& m, const Tensor&) {
         const NoGrad no_grad;
         weight_of(m).mul_(-2).add_(0.125);
       }},
      {"load_state_dict",
       [](Module& m, const Tensor&) {
         StateDict state = m.state_dict();
         for (auto& [key, value] : state) value = mul(value.detach(), 3);
         m.load_state_dict(state);
       }},
      {"an optimizer's step",
       [](Module& m, const Tensor& x) {
         optim::Sgd optimizer(m.parameters(), {.lr = 0.5});
         train_once(m, x, optimizer);
       }},
      {"an averaged model",
       [](Module& m, const Tensor& x) {
         optim::Ema ema(m.parameters(), {.decay = 0.5});
         optim::Adam optimizer(m.parameters(), {.lr = 0.5});
         train_once(m, x, optimizer);
         evaluated(m, x);
         ema.update();
         ema.swap();
       }},
      {"schedule-free weights to evaluate",
       [](Module& m, const Tensor& x) {
         optim::ScheduleFreeAdamW optimizer(m.parameters(), {.lr = 0.5});
         train_once(m, x, optimizer);
         train_once(m, x, optimizer);
         evaluated(m, x);
         optimizer.eval();
       }},
  };
  Generator generator{.seed = 4};
  for (const Case& c : cases()) {
    CAPTURE(c.name);
    const std::shared_ptr<Module> layer = c.make();
    const Tensor x = normal(c.input, 0, 1, generator);
    for (const auto& [name, write] : writes) {
      CAPTURE(std::string(name));
      const std::vector<float> before = evaluated(*layer, x);
      CHECK(evaluated(*layer, x) == before);
      write(*layer, x);
      const std::vector<float> after = evaluated(*layer, x);
      CHECK(after != before);
      CHECK(after == evaluated_by_new(c, *layer, x));
    }
  }
}

TEST_CASE("nn.kept_weights.live_as_long_as_the_weight_does_not_change") {
  Generator generator{.seed = 4};
  for (const Case& c : cases()) {
    CAPTURE(c.name);
    empty_cache();
    REQUIRE(weight_form_bytes() == 0);
    std::shared_ptr<Module> layer = c.make();
    const Tensor x = normal(c.input, 0, 1, generator);
    // Nothing is kept of a weight that is being trained.
    layer->forward(x);
    CHECK(weight_form_bytes() == 0);
    const std::vector<float> values = evaluated(*layer, x);
    const std::size_t kept = weight_form_bytes();
    CHECK(kept > 0);
    evaluated(*layer, x);
    CHECK(weight_form_bytes() == kept);
    // The form of the new contents takes the old one's place.
    const float first = std::exchange(weight_of(*layer).mutable_data<float>()[0], 1.0F);
    evaluated(*layer, x);
    CHECK(weight_form_bytes() == kept);
    // Training frees what its last step made invalid.
    weight_of(*layer).mutable_data<float>()[0] = first;
    layer->forward(x);
    CHECK(weight_form_bytes() == 0);
    CHECK(evaluated(*layer, x) == values);
    CHECK(weight_form_bytes() == kept);
    empty_cache();
    CHECK(weight_form_bytes() == 0);
    CHECK(evaluated(*layer, x) == values);
    layer = nullptr;
    CHECK(weight_form_bytes() == 0);
  }
}

/// Sums for one part alone.
class NoOtherPart : public BatchSums {
 public:
  void sum(std::span<double>) override {}
  bool is_first() const override { return true; }
};

/// The result of a training step, and the gradients of its input and weight.
std::vector<std::vector<float>> trained(Module& layer, const Tensor& input) {
  const Tensor x = input.detach().set_requires_grad(true);
  const Tensor y = layer.forward(x);
  sum(mul(y, y)).backward();
  std::vector<std::vector<float>> values = {y.to_vector<float>(), x.grad().to_vector<float>(),
                                            weight_of(layer).grad().to_vector<float>()};
  for (Tensor& parameter : layer.parameters()) parameter.zero_grad();
  return values;
}

TEST_CASE("nn.kept_weights.parts_of_a_batch_share_those_of_a_step") {
  Generator generator{.seed = 4};
  for (const Case& c : cases()) {
    CAPTURE(c.name);
    empty_cache();
    const std::shared_ptr<Module> layer = c.make();
    // So many images that training uses the same algorithms.
    Shape input = c.input;
    input[0] *= 4;
    const Tensor x = normal(input, 0, 1, generator);
    const std::vector<std::vector<float>> whole = trained(*layer, x);
    CHECK(weight_form_bytes() == 0);
    NoOtherPart sums;
    {
      const BatchPart part(sums);
      CHECK(trained(*layer, x) == whole);
      const std::size_t kept = weight_form_bytes();
      // The others would take another product for what is kept.
      CHECK((kept > 0) == (c.name == "F(4x4)" || c.name == "F(2x2)" || c.name == "im2row"));
      CHECK(trained(*layer, x) == whole);
      CHECK(weight_form_bytes() == kept);
    }
    // A whole batch keeps nothing, and neither may use what the step made invalid.
    weight_of(*layer).mutable_data<float>()[3] = 7;
    const std::vector<std::vector<float>> after = trained(*layer, x);
    CHECK(weight_form_bytes() == 0);
    CHECK(after != whole);
    {
      const BatchPart part(sums);
      CHECK(trained(*layer, x) == after);
      weight_of(*layer).mutable_data<float>()[3] = 0;
      CHECK(trained(*layer, x) != after);
    }
  }
}

TEST_CASE("nn.kept_weights.stay_below_the_limit") {
  Generator generator{.seed = 4};
  const std::size_t limit = weight_form_limit();
  for (const Case& c : cases()) {
    CAPTURE(c.name);
    empty_cache();
    const std::shared_ptr<Module> layer = c.make();
    const std::shared_ptr<Module> other = c.make();
    const Tensor x = normal(c.input, 0, 1, generator);
    const std::vector<float> values = evaluated(*layer, x);
    const std::size_t kept = weight_form_bytes();
    set_weight_form_limit(kept);
    const std::vector<float> others = evaluated(*other, x);
    CHECK(weight_form_bytes() == kept);
    CHECK(evaluated(*other, x) == others);
    // What is invalid makes room.
    weight_of(*layer).mutable_data<float>();
    CHECK(evaluated(*other, x) == others);
    CHECK(weight_form_bytes() == kept);
    CHECK(evaluated(*layer, x) == values);
    set_weight_form_limit(limit);
  }
}

TEST_CASE("nn.kept_weights.weights_of_one_storage_are_told_apart") {
  Generator generator{.seed = 4};
  const Tensor both = normal({2, 40, 30}, 0, 1, generator);
  const Tensor x = normal({6, 30}, 0, 1, generator);
  Linear first(30, 40, {.bias = false});
  Linear second(30, 40, {.bias = false});
  first.weight = both.slice(0, 0, 1).squeeze(0);
  second.weight = both.slice(0, 1, 2).squeeze(0);
  for (int i = 0; i < 2; ++i) {
    for (const Linear* layer : {&first, &second}) {
      const Tensor expected =
          matmul(x.to(DType::f64), layer->weight.to(DType::f64).transpose(0, 1));
      const Tensor y = const_cast<Linear*>(layer)->forward(x);
      CHECK(max(abs(y.to(DType::f64) - expected)).item() < 1e-4);
    }
  }
  // Rows of other lengths over the same memory.
  Linear wide(60, 20, {.bias = false});
  wide.weight = both.slice(0, 0, 1).reshape({20, 60});
  const Tensor long_x = normal({6, 60}, 0, 1, generator);
  const Tensor expected = matmul(long_x.to(DType::f64), wide.weight.to(DType::f64).transpose(0, 1));
  CHECK(max(abs(wide.forward(long_x).to(DType::f64) - expected)).item() < 1e-4);
}

TEST_CASE("nn.kept_weights.products_of_any_size") {
  Generator generator{.seed = 5};
  const std::int64_t sizes[][3] = {{5, 1, 1},     {5, 33, 7},    {14, 31, 33},  {15, 1025, 100},
                                   {40, 2100, 5}, {300, 70, 65}, {6, 3000, 257}};
  const int threads = num_threads();
  for (const auto& [rows, in, out] : sizes) {
    CAPTURE(rows);
    CAPTURE(in);
    CAPTURE(out);
    Linear layer(in, out, {.generator = &generator});
    const Tensor x = normal({rows, in}, 0, 1, generator);
    const Tensor expected = linear(x.to(DType::f64), layer.weight.detach().to(DType::f64),
                                   layer.bias.detach().to(DType::f64));
    const std::vector<float> made = evaluated(layer, x);
    const NoGrad no_grad;
    const Tensor y = layer.forward(x);
    CHECK(max(abs(y.to(DType::f64) - expected)).item() <
          2e-7 * std::sqrt(static_cast<double>(in)) + 1e-6);
    CHECK(y.to_vector<float>() == made);
    for (const int count : {1, 2, 3}) {
      set_num_threads(count);
      CHECK(evaluated(layer, x) == made);
    }
    set_num_threads(threads);
  }
}

TEST_CASE("nn.kept_weights.convolutions_are_right_for_any_number_of_threads") {
  Generator generator{.seed = 6};
  const int threads = num_threads();
  for (const Case& c : cases()) {
    if (c.input.rank() != 4) continue;
    CAPTURE(c.name);
    const std::shared_ptr<Module> layer = c.make();
    const Tensor x = normal(c.input, 0, 1, generator);
    set_conv_algorithm(ConvAlgorithm::direct);
    const Tensor expected = layer->forward(x).detach();
    set_conv_algorithm(ConvAlgorithm::automatic);
    for (const int count : {1, 2, 3}) {
      set_num_threads(count);
      const NoGrad no_grad;
      const Tensor y = layer->forward(x);
      CHECK(max(abs(y - expected)).item() < 2e-5);
      CHECK(y.to_vector<float>() == layer->forward(x).to_vector<float>());
    }
    set_num_threads(threads);
  }
}

TEST_CASE("nn.kept_weights.weights_that_are_not_finite") {
  Generator generator{.seed = 7};
  for (const Case& c : cases()) {
    CAPTURE(c.name);
    const std::shared_ptr<Module> layer = c.make();
    const Tensor x = normal(c.input, 0, 1, generator);
    const std::vector<float> before = evaluated(*layer, x);
    weight_of(*layer).mutable_data<float>()[0] = std::numeric_limits<float>::infinity();
    for (int i = 0; i < 2; ++i) {
      const std::vector<float> values = evaluated(*layer, x);
      // The first channel alone has a weight that is not finite.
      std::size_t finite = 0;
      for (const float value : values) finite += std::isfinite(value) ? 1U : 0U;
      const auto channels = static_cast<std::size_t>(weight_of(*layer).size(0));
      CHECK(finite >= values.size() / channels * (channels - 1));
      CHECK(finite < values.size());
    }
    weight_of(*layer).mutable_data<float>()[0] = 0;
    CHECK(evaluated(*layer, x) == evaluated_by_new(c, *layer, x));
  }
}

TEST_CASE("nn.kept_weights.two_threads_use_one_layer") {
  Generator generator{.seed = 8};
  for (const Case& c : cases()) {
    CAPTURE(c.name);
    const Tensor x = normal(c.input, 0, 1, generator);
    const std::shared_ptr<Module> layer = c.make();
    const std::vector<float> expected = evaluated_by_new(c, *layer, x);
    for (int round = 0; round < 5; ++round) {
      empty_cache();
      int right[2] = {0, 0};
      const auto work = [&](int& count) {
        for (int i = 0; i < 5; ++i) count += evaluated(*layer, x) == expected ? 1 : 0;
      };
      std::thread other([&] { work(right[1]); });
      work(right[0]);
      other.join();
      CHECK(right[0] == 5);
      CHECK(right[1] == 5);
    }
  }
}

}  // namespace
}  // namespace plastic::nn
