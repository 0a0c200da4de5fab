// An optimizer of your own whose rule treats every element alike: Lion (arXiv 2302.06675), with
// decoupled weight decay. The program checks it against the formulas written as a plain loop,
// trains a network on the generated digits with it, and stops and resumes the training from files.

#include <plastic/plastic.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

namespace {

using namespace plastic;

// What holds for a whole parameter at one step, and what is done to one element of it.
struct LionRule {
  static constexpr int states = 1;
  float lr = 0, decay = 0, beta1 = 0, beta2 = 0;

  PLASTIC_HOST_DEVICE void operator()(float& theta, float g, float& exp_avg) const {
    const float c = beta1 * exp_avg + (1 - beta1) * g;
    const float sign = c > 0 ? 1.0F : c < 0 ? -1.0F : c;
    theta -= lr * (sign + decay * theta);
    exp_avg = beta2 * exp_avg + (1 - beta2) * g;
  }
};

class Lion : public optim::Elementwise<LionRule> {
 public:
  Lion(const std::vector<Tensor>& parameters, double lr, double decay)
      : Elementwise("lion", {parameters}, {lr}, {"exp_avg"}), decay_(decay) {}

 private:
  LionRule rule(const optim::ParameterStep& at) const override {
    return {.lr = static_cast<float>(at.lr),
            .decay = static_cast<float>(decay_),
            .beta1 = 0.9F,
            .beta2 = 0.99F};
  }

  double decay_;
};

// The largest difference between 50 steps of Lion and a plain loop that is given the same
// gradients, those of w⁴/4 - w.
float difference_from_formulas() {
  std::vector<float> theta = {1.5F, -2, 0.25F, -0.5F, 3};
  std::vector<float> m(theta.size());
  Tensor w = Tensor::from(theta).set_requires_grad();
  Lion optimizer({w}, 0.01, 0.1);
  float difference = 0;
  for (int step = 0; step < 50; ++step) {
    optimizer.zero_grad();
    sum(pow(w, 4) * 0.25 - w).backward();
    const std::vector<float> g = w.grad().to_vector<float>();
    optimizer.step();
    const std::vector<float> stepped = w.to_vector<float>();
    for (std::size_t i = 0; i < theta.size(); ++i) {
      const float c = 0.9F * m[i] + 0.1F * g[i];
      theta[i] -= 0.01F * ((c > 0 ? 1.0F : c < 0 ? -1.0F : 0.0F) + 0.1F * theta[i]);
      m[i] = 0.99F * m[i] + 0.01F * g[i];
      difference = std::max(difference, std::abs(theta[i] - stepped[i]));
    }
  }
  return difference;
}

void train_epoch(nn::Module& model, optim::Optimizer& optimizer, data::Loader& batches) {
  batches.start_epoch();
  for (data::Batch batch; batches.next(batch);) {
    optimizer.zero_grad();
    cross_entropy(model(batch.images), batch.labels).backward();
    optimizer.step();
  }
}

nn::ModulePtr make_model() { return nn::mlp({.hidden = {64}, .dropout = 0}); }

int fail(const std::string& what) {
  std::cerr << "lion: " << what << '\n';
  return EXIT_FAILURE;
}

int run(const std::filesystem::path& weights, const std::filesystem::path& state) {
  if (difference_from_formulas() > 1e-6F) return fail("the rule differs from the formulas");

  const data::DatasetPair digits = data::digits({.train_size = 2000, .test_size = 500});
  manual_seed(41);
  const nn::ModulePtr model = make_model();
  Lion optimizer(model->parameters(), 1e-3, 0.1);
  data::Loader batches(digits.train, {.batch_size = 50, .generator = Generator(41)});
  for (int epoch = 0; epoch < 3; ++epoch) train_epoch(*model, optimizer, batches);
  save_safetensors(weights, model->state_dict());
  save_safetensors(state, optimizer.state_dict());
  const data::LoaderState position = batches.state();
  train_epoch(*model, optimizer, batches);

  const nn::ModulePtr again = make_model();
  again->load_state_dict(load_safetensors(weights).tensors);
  Lion resumed(again->parameters(), 1, 0.1);  // The file has the rate, but no other option.
  resumed.load_state_dict(load_safetensors(state).tensors);
  batches.restore(position);
  train_epoch(*again, resumed, batches);
  const std::vector<Tensor> a = model->parameters(), b = again->parameters();
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].to_vector<float>() != b[i].to_vector<float>()) return fail("resuming changed bits");
  }

  model->eval();
  const NoGrad no_grad;
  data::Loader test(digits.test, {.batch_size = digits.test.size(), .shuffle = false});
  test.start_epoch();
  data::Batch all;
  test.next(all);
  const Tensor correct = equal(argmax((*model)(all.images), 1), all.labels);
  const double accuracy = mean(correct.to(DType::f32)).item();
  std::cout << "test accuracy: " << 100 * accuracy << "%\n";
  return accuracy > 0.8 ? EXIT_SUCCESS : fail("the network did not learn the digits");
}

}  // namespace

int main() {
  const auto folder = std::filesystem::temp_directory_path() / "plastic-lion";
  try {
    std::filesystem::create_directories(folder);
    const int code = run(folder / "weights.safetensors", folder / "state.safetensors");
    std::filesystem::remove_all(folder);
    return code;
  } catch (const Error& error) {
    return fail(error.what());
  }
}
