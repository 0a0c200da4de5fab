// A module in two places is one module with two names, as in PyTorch.
#include <doctest/doctest.h>

#include "plastic/core/autograd.h"
#include "plastic/core/ops.h"
#include "plastic/nn/activation.h"
#include "plastic/nn/batch_norm.h"
#include "plastic/nn/containers.h"
#include "plastic/nn/conv.h"
#include "plastic/nn/linear.h"
#include "plastic/nn/sequential.h"
#include "plastic/nn/summary.h"
#include "plastic/optim/clip.h"
#include "plastic/optim/sgd.h"

namespace plastic::nn {
namespace {

std::vector<std::string> names(const std::vector<NamedTensor>& tensors) {
  std::vector<std::string> found;
  for (const NamedTensor& entry : tensors) found.push_back(entry.name);
  return found;
}

bool has(const Module& model, const std::string& part) {
  for (const NamedTensor& entry : model.state_dict()) {
    if (entry.name.find(part) != std::string::npos) return true;
  }
  return false;
}

/// As a second module that registers a tensor of another one.
struct Tied : Module {
  explicit Tied(const Tensor& weight) : weight_(register_parameter("weight", weight)) {}
  Tensor forward(const Tensor& x) override { return conv2d(x, weight_, {}); }

 private:
  Tensor weight_;
};

TEST_CASE("nn.shared_module.counts_once_and_has_both_names") {
  const auto layer = std::make_shared<Linear>(4, 4);
  const auto norm = std::make_shared<BatchNorm1d>(4);
  Sequential model{layer, norm, layer, norm};
  CHECK(model.parameter_count() == 16 + 4 + 8);
  CHECK(names(model.named_parameters()) ==
        std::vector<std::string>{"0.weight", "0.bias", "1.weight", "1.bias"});
  CHECK(names(model.named_buffers()) ==
        std::vector<std::string>{"1.running_mean", "1.running_var", "1.num_batches_tracked"});
  CHECK(model.parameters().size() == 4);
  CHECK(model.buffers().size() == 3);
  CHECK(model.state_dict().size() == 14);
  CHECK(has(model, "2.weight"));
  CHECK(summary(model).find("2.weight") == std::string::npos);
  CHECK(summary(model).find("total") != std::string::npos);
  CHECK(summary(model).find(" 28\n") != std::string::npos);

  const auto other = std::make_shared<Linear>(4, 4);
  const auto other_norm = std::make_shared<BatchNorm1d>(4);
  Sequential copy{other, other_norm, other, other_norm};
  copy.load_state_dict(model.state_dict());
  CHECK(other->weight.to_vector<float>() == layer->weight.to_vector<float>());
}

TEST_CASE("nn.shared_module.trains_and_clips_once") {
  // y = w·w·x, so that dy/dw = 2·w·x.
  const auto layer = std::make_shared<Linear>(1, 1, LinearOptions{.bias = false});
  Sequential model{layer, layer};
  layer->load_state_dict({{"weight", Tensor::of({3}, {1, 1})}});
  optim::Sgd optimizer(model.parameters(), {.lr = 0.5});
  sum(model(Tensor::ones({1, 1}))).backward();
  CHECK(layer->weight.grad().item() == 6);
  CHECK(optim::clip_grad_norm({layer->weight, layer->weight}, 3) == doctest::Approx(6));
  CHECK(layer->weight.grad().item() == doctest::Approx(3));
  optimizer.step();
  CHECK(layer->weight.item() == doctest::Approx(1.5));
}

class Folding {
 public:
  std::shared_ptr<Conv2d> conv() {
    return std::make_shared<Conv2d>(3, 3, 3,
                                    Conv2dOptions{.padding = {1, 1}, .generator = &generator_});
  }
  std::shared_ptr<BatchNorm2d> norm() {
    const auto made = std::make_shared<BatchNorm2d>(3);
    const NoGrad no_grad;
    for (const Tensor& values : {made->weight, made->bias, made->running_mean, made->running_var}) {
      Tensor(values).copy_(uniform({3}, 0.5, 1.5, generator_));
    }
    return made;
  }
  /// The result of folding is that of the model, but for rounding.
  void check(Module& model) {
    const NoGrad no_grad;
    model.eval();
    const Tensor x = uniform({2, 3, 6, 6}, -1, 1, generator_);
    const Tensor before = model(x);
    model.fold_batch_norm();
    CHECK(max(abs(model(x) - before)).item() <= 1e-5 * max(abs(before)).item());
  }

 private:
  Generator generator_{.seed = 7};
};

TEST_CASE("nn.shared_module.folds_once") {
  Folding folding;
  const auto conv = folding.conv();
  const auto norm = folding.norm();
  Sequential model{conv, norm, std::make_shared<ReLU>(), conv, norm};
  folding.check(model);
  CHECK_FALSE(has(model, "running_mean"));

  const auto block = std::make_shared<Sequential>(
      std::initializer_list<ModulePtr>{folding.conv(), folding.norm(), std::make_shared<ReLU>()});
  Sequential blocks{block, std::make_shared<Residual>(block)};
  folding.check(blocks);
  CHECK_FALSE(has(blocks, "running_mean"));

  // Two convolutions before one normalisation.
  const auto after_both = folding.norm();
  Sequential one_norm{folding.conv(), after_both, folding.conv(), after_both};
  folding.check(one_norm);
  CHECK_FALSE(has(one_norm, "running_mean"));
}

TEST_CASE("nn.shared_module.is_not_folded_where_its_places_differ") {
  Folding folding;
  const auto conv = folding.conv();
  Sequential two_norms{conv, folding.norm(), conv, folding.norm()};
  folding.check(two_norms);
  CHECK(has(two_norms, "3.running_mean"));

  const auto bare = folding.conv();
  Sequential once_bare{bare, folding.norm(), std::make_shared<ReLU>(), bare};
  folding.check(once_bare);

  const auto elsewhere = folding.conv();
  const auto first =
      std::make_shared<Sequential>(std::initializer_list<ModulePtr>{elsewhere, folding.norm()});
  Sequential across{first, std::make_shared<Residual>(elsewhere)};
  folding.check(across);

  const auto tied = folding.conv();
  Sequential tensors{tied, folding.norm(), std::make_shared<Tied>(tied->weight)};
  folding.check(tensors);
}

TEST_CASE("nn.fold_batch_norm.leaves_what_was_taken_before") {
  Folding folding;
  const auto conv = folding.conv();
  Sequential model{conv, folding.norm()};
  const StateDict before = model.state_dict();
  const std::vector<float> weight = before[0].tensor.to_vector<float>();
  model.fold_batch_norm();
  CHECK(before[0].tensor.to_vector<float>() == weight);
  CHECK(model.state_dict()[0].tensor.to_vector<float>() != weight);
  CHECK(conv->weight.to_vector<float>() == model.named_parameters()[0].tensor.to_vector<float>());
}

TEST_CASE("nn.fold_batch_norm.without_running_statistics_it_stays") {
  Folding folding;
  Sequential model{folding.conv(), std::make_shared<BatchNorm2d>(
                                       3, BatchNormOptions{.track_running_stats = false})};
  folding.check(model);
  CHECK(has(model, "1.weight"));
}

}  // namespace
}  // namespace plastic::nn
