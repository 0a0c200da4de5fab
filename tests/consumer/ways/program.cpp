// Uses the library as an embedder does, across its boundary where that is a shared library: classes
// are told apart and exceptions caught by both sides, and each calls what the other defines. Exits
// with 1 and says why where something is not as it should be.
#include <plastic/plastic.h>

#include <cmath>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

namespace {

using namespace plastic;

int failures = 0;

void check(bool holds, const std::string& what) {
  if (holds) return;
  ++failures;
  std::cerr << "program: " << what << '\n';
}

struct SignRule {
  static constexpr int states = 0;
  float lr = 0;
  PLASTIC_HOST_DEVICE void operator()(float& theta, float g) const {
    theta -= g > 0 ? lr : g < 0 ? -lr : 0.0F;
  }
};

class SignDescent : public optim::Elementwise<SignRule> {
 public:
  SignDescent(const std::vector<Tensor>& parameters, double lr)
      : Elementwise("sign_descent", {parameters}, {lr}, {}) {}

 private:
  SignRule rule(const optim::ParameterStep& at) const override {
    return {.lr = static_cast<float>(at.lr)};
  }
};

class Doubled : public nn::Module {
 public:
  Tensor forward(const Tensor& x) override { return x * 2; }
};

struct OwnException {};

void check_version() {
  const std::string headers = PLASTIC_VERSION;
  check(version() == headers, "the library's version is not the headers'");
  check(headers == std::to_string(PLASTIC_VERSION_MAJOR) + "." +
                       std::to_string(PLASTIC_VERSION_MINOR) + "." +
                       std::to_string(PLASTIC_VERSION_PATCH),
        "the headers' version differs from its numbers");
}

void check_classes() {
  const std::shared_ptr<nn::Module> built = nn::mlp({.inputs = 4, .hidden = {8}, .classes = 2});
  check(dynamic_cast<nn::Sequential*>(built.get()) != nullptr, "mlp() is no Sequential");
  check(dynamic_cast<nn::Linear*>(built.get()) == nullptr, "mlp() is a Linear");
  nn::Sequential mixed = {std::make_shared<nn::Linear>(4, 2), std::make_shared<Doubled>()};
  check(mixed(Tensor::zeros({3, 4})).shape() == Shape{3, 2}, "a module of one's own is not called");
}

void check_exceptions() {
  try {
    matmul(Tensor::zeros({2, 3}), Tensor::zeros({2, 3}));
    check(false, "matmul() took shapes that do not fit");
  } catch (const Error& error) {
    check(std::string(error.what()).starts_with("[matmul]"), error.what());
  }
  try {
    parse_device("nowhere");
    check(false, "parse_device() took \"nowhere\"");
  } catch (const std::runtime_error&) {
  }
  const Tensor x = Tensor::of({1, 2}, {2}).set_requires_grad();
  const Tensor y = x * 3;
  y.register_hook([](const Tensor&) -> Tensor { throw OwnException(); });
  try {
    sum(y).backward();
    check(false, "an exception of a hook was lost");
  } catch (const OwnException&) {
  }
}

void check_optimizer_of_ones_own() {
  Tensor w = Tensor::of({1, -1}, {2}).set_requires_grad();
  SignDescent optimizer({w}, 0.25);
  sum(w * w).backward();
  optimizer.step();
  check(w.to_vector<float>() == std::vector<float>{0.75F, -0.75F}, "a rule of one's own");
}

void check_training() {
  manual_seed(41);
  const data::DatasetPair digits = data::digits({.train_size = 600, .test_size = 200});
  const auto model = nn::mlp({.hidden = {64}, .dropout = 0});
  optim::NeuroPlastic optimizer(model->parameters(), {.lr = 0.1});
  data::Loader batches(digits.train, {.batch_size = 20, .generator = Generator{41}});
  double loss = 0;
  for (int epoch = 0; epoch < 3; ++epoch) {
    batches.start_epoch();
    for (data::Batch batch; batches.next(batch);) {
      optimizer.zero_grad();
      const Tensor value = cross_entropy((*model)(batch.images), batch.labels);
      value.backward();
      optimizer.step();
      loss = value.item();
    }
  }
  check(std::isfinite(loss) && loss < 1.5, "the loss is " + std::to_string(loss));
}

}  // namespace

int main() {
  check_version();
  check_classes();
  check_exceptions();
  check_optimizer_of_ones_own();
  check_training();
  return failures == 0 ? 0 : 1;
}
