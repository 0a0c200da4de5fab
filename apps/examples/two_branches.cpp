// A module of your own with two branches: a convolution sees the image's neighbourhoods, a linear
// layer all of its pixels at once, and a last layer sees both results, joined. It is trained on the
// generated digits, saved under the names of its state dict, and loaded into a new module that
// predicts the same.

#include <plastic/plastic.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <initializer_list>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

namespace {

using namespace plastic;

// (N, 1, 28, 28) -> (N, 10)
class TwoBranches : public nn::Module {
 public:
  TwoBranches() {
    register_child("local", local_);
    register_child("global", global_);
    register_child("head", head_);
  }

  Tensor forward(const Tensor& x) override {
    return (*head_)(concat(std::array{(*local_)(x), (*global_)(x)}, 1));
  }

 private:
  static constexpr std::int64_t channels = 8, global_features = 32;

  std::shared_ptr<nn::Sequential> local_ =
      std::make_shared<nn::Sequential>(std::initializer_list<nn::ModulePtr>{
          std::make_shared<nn::Conv2d>(1, channels, 5, nn::Conv2dOptions{.stride = {2, 2}}),
          std::make_shared<nn::ReLU>(), std::make_shared<nn::MaxPool2d>(),
          std::make_shared<nn::Flatten>()});  // 28 -> 12 -> 6
  std::shared_ptr<nn::Sequential> global_ =
      std::make_shared<nn::Sequential>(std::initializer_list<nn::ModulePtr>{
          std::make_shared<nn::Flatten>(), std::make_shared<nn::Linear>(28 * 28, global_features),
          std::make_shared<nn::ReLU>()});
  std::shared_ptr<nn::Linear> head_ =
      std::make_shared<nn::Linear>(channels * 6 * 6 + global_features, 10);
};

void train(nn::Module& model, const data::ImageDataset& dataset) {
  optim::AdamW optimizer(model.parameters(), {.lr = 3e-3});
  data::Loader batches(dataset, {.batch_size = 50, .generator = Generator(41)});
  for (int epoch = 0; epoch < 3; ++epoch) {
    batches.start_epoch();
    for (data::Batch batch; batches.next(batch);) {
      optimizer.zero_grad();
      cross_entropy(model(batch.images), batch.labels).backward();
      optimizer.step();
    }
  }
  model.eval();
}

int fail(const std::string& what) {
  std::cerr << "two_branches: " << what << '\n';
  return EXIT_FAILURE;
}

int run() {
  const data::DatasetPair digits = data::digits({.train_size = 2000, .test_size = 500});
  manual_seed(41);
  TwoBranches model;
  std::cout << nn::summary(model);
  train(model, digits.train);

  const auto path = std::filesystem::temp_directory_path() / "plastic-two-branches.safetensors";
  save_safetensors(path, model.state_dict(), {{"model", "two branches"}});
  const Safetensors file = load_safetensors(path);
  std::filesystem::remove(path);
  TwoBranches loaded;  // With other initial values.
  loaded.load_state_dict(file.tensors);
  loaded.eval();

  // The names are those given to register_child(), then the layers' own.
  const std::vector<std::string> expected = {"local.0.weight", "local.0.bias", "global.1.weight",
                                             "global.1.bias",  "head.weight",  "head.bias"};
  if (file.tensors.size() != expected.size()) return fail("the file has other tensors");
  for (const std::string& name : expected) find(file.tensors, name, "two_branches");

  const NoGrad no_grad;
  data::Loader test(digits.test, {.batch_size = digits.test.size(), .shuffle = false});
  test.start_epoch();
  data::Batch all;
  test.next(all);
  const Tensor logits = model(all.images);
  if (loaded(all.images).to_vector<float>() != logits.to_vector<float>()) {
    return fail("the loaded module predicts something else");
  }
  const double accuracy = mean(equal(argmax(logits, 1), all.labels).to(DType::f32)).item();
  std::cout << "test accuracy: " << 100 * accuracy << "%\n";
  if (accuracy < 0.85) return fail("the network did not learn the digits");
  return EXIT_SUCCESS;
}

}  // namespace

int main() {
  try {
    return run();
  } catch (const Error& error) {
    return fail(error.what());
  }
}
