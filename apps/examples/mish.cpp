// An operation of your own with its gradient: Mish (arXiv 1908.08681), x · tanh(softplus(x)), which
// keeps two tensors for backward() where the three operations would keep four. The program compares
// its gradient with central differences and trains a network with it.
#include <plastic/plastic.h>

#include <iostream>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace {

using namespace plastic;

Tensor mish(const Tensor& x) {
  const Tensor plain = x.detach();
  const Tensor t = tanh(softplus(plain));
  return autograd::record("mish", plain * t, {x},
                          [x = autograd::Saved("mish", x), t = autograd::Saved("mish", t)](
                              const Tensor& g, const autograd::Inputs&) -> autograd::Gradients {
                            const Tensor& s = t.get();
                            return {g * (s + x.get() * (1.0 - s * s) * sigmoid(x.get()))};
                          });
}

class Mish : public nn::Module {
 public:
  Tensor forward(const Tensor& x) override { return mish(x); }
};

// Empty where the gradient is right on values of any sign, on a view and on nothing.
std::string wrong_gradient() {
  Generator generator{.seed = 1};
  const Tensor x = uniform({3, 4}, -4, 4, generator).to(DType::f64);
  for (const Tensor& given : {x, x.transpose(0, 1), Tensor::zeros({0, 2}, {.dtype = DType::f64})}) {
    Tensor leaf = given.detach();
    leaf.set_requires_grad();
    const std::vector<Tensor> inputs = {leaf};
    const GradcheckResult result =
        gradcheck([](std::span<const Tensor> in) { return mish(in[0]); }, inputs);
    if (!result.passed) return result.message;
  }
  return {};
}

double trained_accuracy() {
  const data::DatasetPair digits = data::digits({.train_size = 2000, .test_size = 500});
  manual_seed(1);
  nn::Sequential model({std::make_shared<nn::Flatten>(), std::make_shared<nn::Linear>(784, 64),
                        std::make_shared<Mish>(), std::make_shared<nn::Linear>(64, 10)});
  optim::Adam optimizer(model.parameters(), {.lr = 3e-3});
  data::Loader batches(digits.train, {.batch_size = 64});
  for (int epoch = 0; epoch < 5; ++epoch) {
    batches.start_epoch();
    for (data::Batch batch; batches.next(batch);) {
      optimizer.zero_grad();
      cross_entropy(model(batch.images), batch.labels).backward();
      optimizer.step();
    }
  }
  const NoGrad no_grad;
  data::Loader test(digits.test, {.batch_size = digits.test.size(), .shuffle = false});
  test.start_epoch();
  data::Batch all;
  test.next(all);
  const Tensor correct = equal(argmax(model(all.images), 1), all.labels);
  return mean(correct.to(DType::f32)).item();
}

}  // namespace

int main() {
  const std::string wrong = wrong_gradient();
  if (!wrong.empty()) {
    std::cerr << "the gradient is wrong: " << wrong << '\n';
    return 1;
  }
  const double accuracy = trained_accuracy();
  std::cout << "test accuracy: " << 100 * accuracy << "%\n";
  if (accuracy < 0.85) {
    std::cerr << "expected 85% or more\n";
    return 1;
  }
}
