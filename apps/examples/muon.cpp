// An optimizer of your own that works on whole tensors: Muon (kellerjordan.github.io/posts/muon).
// The momentum of a matrix is made nearly orthogonal by five Newton-Schulz steps; every other
// parameter is left to AdamW. The program checks the singular values of an update and trains on the
// generated digits.

#include <plastic/plastic.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <vector>

namespace {

using namespace plastic;

// A matrix with the singular vectors of g, and singular values between about 0.68 and 1.13.
Tensor newton_schulz(const Tensor& g) {
  const bool is_tall = g.size(0) > g.size(1);
  Tensor x = is_tall ? g.transpose(0, 1) : g;
  x = x / (norm(x) + 1e-7);
  for (int i = 0; i < 5; ++i) {
    const Tensor a = matmul(x, x.transpose(0, 1));
    const Tensor b = a * -4.7750 + matmul(a, a) * 2.0315;
    x = x * 3.4445 + matmul(b, x);
  }
  return is_tall ? x.transpose(0, 1) : x;
}

struct MuonOptions {
  double lr = 0.02;
  double momentum = 0.95;
  double weight_decay = 0.01;
  // The rate of the parameters that are not matrices, relative to lr.
  double adam_rate = 0.1;
};

class Muon : public optim::Optimizer {
 public:
  explicit Muon(const std::vector<Tensor>& parameters, const MuonOptions& options = {})
      : Optimizer("muon", {parameters}, {options.lr}), options_(options) {
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      const Shape& shape = parameters[i].shape();
      if (shape.rank() == 2) {
        add_state("momentum_buffer", i, shape);
      } else {
        add_state("exp_avg", i, shape);
        add_state("exp_avg_sq", i, shape);
      }
    }
  }

 private:
  void update(const optim::ParameterStep& at) override {
    Tensor parameter = at.parameter;
    if (parameter.rank() != 2) return adamw(at);
    Tensor buffer = state("momentum_buffer", at.index);
    buffer.lerp_(at.gradient, 1 - options_.momentum);
    const Tensor ahead = at.gradient.clone().lerp_(buffer, options_.momentum);  // Nesterov's.
    const auto rows = static_cast<double>(parameter.size(0));
    const auto columns = static_cast<double>(parameter.size(1));
    parameter.mul_(1 - at.lr * options_.weight_decay);
    parameter.sub_(newton_schulz(ahead), at.lr * std::sqrt(std::max(1.0, rows / columns)));
  }

  void adamw(const optim::ParameterStep& at) const {
    constexpr double beta1 = 0.9, beta2 = 0.95, eps = 1e-8;
    const auto t = static_cast<double>(at.step);
    const double lr = at.lr * options_.adam_rate;
    Tensor parameter = at.parameter;
    Tensor exp_avg = state("exp_avg", at.index);
    Tensor exp_avg_sq = state("exp_avg_sq", at.index);
    exp_avg.lerp_(at.gradient, 1 - beta1);
    exp_avg_sq.mul_(beta2).addcmul_(at.gradient, at.gradient, 1 - beta2);
    const Tensor root = sqrt(exp_avg_sq / (1 - std::pow(beta2, t))) + eps;
    parameter.mul_(1 - lr * options_.weight_decay);
    parameter.addcdiv_(exp_avg, root, -lr / (1 - std::pow(beta1, t)));
  }

  MuonOptions options_;
};

// The largest |σ² - 1| over the singular values σ of one step of rate 1 on a random gradient. It is
// the largest eigenvalue of u·uᵀ - 1, by power iteration.
double distance_from_orthogonal(std::int64_t rows, std::int64_t columns) {
  Generator generator(41);
  Tensor w = Tensor::zeros({rows, columns}).set_requires_grad();
  Muon optimizer({w}, {.lr = 1, .weight_decay = 0});
  sum(w * normal(w.shape(), 0, 1, generator)).backward();
  optimizer.step();

  const Tensor u = w.detach();
  const Tensor i = Tensor::arange(rows);
  const Tensor identity = equal(i.unsqueeze(0), i.unsqueeze(1)).to(DType::f32);
  const Tensor difference = matmul(u, u.transpose(0, 1)) - identity;
  Tensor v = Tensor::ones({rows, 1});
  for (int step = 0; step < 300; ++step) {
    v = matmul(difference, v);
    v = v / norm(v);
  }
  return norm(matmul(difference, v)).item();
}

double accuracy_on_digits() {
  const data::DatasetPair digits = data::digits({.train_size = 2000, .test_size = 500});
  manual_seed(41);
  const nn::ModulePtr model = nn::mlp({.hidden = {64, 64}, .dropout = 0});
  Muon optimizer(model->parameters());
  data::Loader batches(digits.train, {.batch_size = 50, .generator = Generator(41)});
  data::Batch batch;
  for (int epoch = 0; epoch < 3; ++epoch) {
    batches.start_epoch();
    while (batches.next(batch)) {
      optimizer.zero_grad();
      cross_entropy((*model)(batch.images), batch.labels).backward();
      optimizer.step();
    }
  }
  model->eval();
  const NoGrad no_grad;
  data::Loader test(digits.test, {.batch_size = digits.test.size(), .shuffle = false});
  test.start_epoch();
  test.next(batch);
  return mean(equal(argmax((*model)(batch.images), 1), batch.labels).to(DType::f32)).item();
}

int run() {
  const double distance = distance_from_orthogonal(16, 64);
  std::cout << "largest |σ² - 1| of an update: " << distance << '\n';
  const double accuracy = accuracy_on_digits();
  std::cout << "test accuracy: " << 100 * accuracy << "%\n";
  if (distance < 0.6 && accuracy > 0.85) return EXIT_SUCCESS;
  std::cerr << "muon: |σ² - 1| must stay below 0.6, and the accuracy above 85%\n";
  return EXIT_FAILURE;
}

}  // namespace

int main() {
  try {
    return run();
  } catch (const Error& error) {
    std::cerr << "muon: " << error.what() << '\n';
    return EXIT_FAILURE;
  }
}
