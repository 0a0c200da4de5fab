// A network that learns to read digits, trained with NeuroPlastic.
#include <plastic/plastic.h>

#include <iostream>

int main() {
  using namespace plastic;
  manual_seed(41);
  const data::DatasetPair digits = data::digits();
  const auto model = nn::mlp({.inputs = 28 * 28, .hidden = {128}, .classes = 10});
  optim::NeuroPlastic optimizer(model->parameters(), {.lr = 0.2});

  data::Loader batches(digits.train, {.batch_size = 64});
  for (int epoch = 1; epoch <= 6; ++epoch) {
    batches.start_epoch();
    for (data::Batch batch; batches.next(batch);) {
      optimizer.zero_grad();
      cross_entropy((*model)(batch.images), batch.labels).backward();
      optimizer.step();
    }
  }

  const NoGrad no_grad;
  model->eval();
  data::Loader test(digits.test, {.batch_size = digits.test.size(), .shuffle = false});
  data::Batch batch;
  test.start_epoch();
  test.next(batch);
  const Tensor guesses = argmax((*model)(batch.images), 1);
  int correct = 0;
  for (int i = 0; i < guesses.numel(); ++i) {
    correct += guesses.data<std::int64_t>()[i] == batch.labels.data<std::int64_t>()[i];
  }
  std::cout << "test accuracy: " << 100.0 * correct / static_cast<double>(guesses.numel()) << "%\n";
}
