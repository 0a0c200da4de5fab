#include "plastic/nn/update_batch_norm.h"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "plastic/core/autograd.h"
#include "plastic/core/error.h"
#include "plastic/core/ops.h"
#include "plastic/nn/batch_norm.h"
#include "plastic/nn/linear.h"
#include "plastic/nn/sequential.h"
#include "plastic/optim/ema.h"

namespace plastic::nn {
namespace {

/// Gives the batches one after the other.
std::function<Tensor()> giving(std::vector<Tensor> batches) {
  return [batches = std::move(batches), next = std::size_t{0}]() mutable {
    return next < batches.size() ? batches[next++] : Tensor();
  };
}

struct Halved : BatchNorm1d {
  using BatchNorm1d::BatchNorm1d;
  Tensor forward(const Tensor& x) override { return BatchNorm1d::forward(x) * 0.5; }
};

TEST_CASE("nn.update_batch_norm.means_over_the_batches") {
  const auto norm = std::make_shared<BatchNorm1d>(1);
  const auto derived = std::make_shared<Halved>(1);
  Sequential model{norm, derived};
  norm->running_var.fill_(NAN);
  norm->num_batches_tracked.fill_(9);
  norm->eval();
  // Means 2 and 6; variances with Bessel's correction 2 and 8.
  update_batch_norm(model, giving({Tensor::of({1, 3}, {2, 1}), Tensor::of({4, 8}, {2, 1})}));
  CHECK(norm->running_mean.item() == doctest::Approx(4));
  CHECK(norm->running_var.item() == doctest::Approx(5));
  CHECK(norm->num_batches_tracked.item() == 2);
  CHECK_FALSE(norm->is_training());
  CHECK(derived->is_training());
  CHECK(derived->running_mean.item() == doctest::Approx(0));
  CHECK(derived->running_var.item() == doctest::Approx(2));
  // The usual momentum again.
  norm->train();
  norm->forward(Tensor::of({13, 15}, {2, 1}));
  CHECK(norm->running_mean.item() == doctest::Approx(5));
}

TEST_CASE("nn.update_batch_norm.a_refused_batch_changes_nothing") {
  const auto norm = std::make_shared<BatchNorm1d>(1);
  Sequential model{norm};
  model.forward(Tensor::of({1, 3}, {2, 1}));
  model.eval();
  const double mean = norm->running_mean.item();
  CHECK_THROWS_WITH_AS(
      update_batch_norm(model, giving({Tensor::of({9, 8}, {2, 1}), Tensor::ones({1, 1})})),
      doctest::Contains("more than one value"), Error);
  CHECK_THROWS_WITH_AS(update_batch_norm(model, giving({})),
                       doctest::Contains("there was no batch"), Error);
  CHECK(norm->running_mean.item() == mean);
  CHECK(norm->num_batches_tracked.item() == 1);
  CHECK_FALSE(model.is_training());
}

TEST_CASE("nn.update_batch_norm.statistics_of_averaged_weights") {
  Generator generator{.seed = 5};
  const auto linear = std::make_shared<Linear>(4, 4, LinearOptions{.generator = &generator});
  const auto norm = std::make_shared<BatchNorm1d>(4);
  Sequential model{linear, norm};
  optim::Ema ema(model.parameters(), {.decay = 0.9});
  const Tensor x = normal({256, 4}, 1, 1, generator);
  for (int i = 0; i < 50; ++i) {
    {
      const NoGrad no_grad;
      linear->weight.copy_(uniform({4, 4}, -3, 3, generator));
    }
    model.forward(x);
    ema.update();
  }
  ema.swap();
  update_batch_norm(model, giving({x}));
  model.eval();
  const Tensor y = model(x);
  CHECK(max(abs(mean(y, {0}))).item() < 1e-5);
  CHECK(max(abs(var(y, {0}) - 1.0)).item() < 1e-3);
}

}  // namespace
}  // namespace plastic::nn
