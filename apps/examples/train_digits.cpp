#include <plastic/plastic.h>

#include <iostream>

int main() {
  using namespace plastic;
  const data::DatasetPair digits = data::digits();
  const auto model = nn::mlp({.inputs = 28 * 28, .hidden = {128}, .classes = 10});
  optim::NeuroPlastic optimizer(model->parameters(), {.lr = 0.1});
  data::Loader batches(digits.train, {.batch_size = 64});
  for (int epoch = 1; epoch <= 5; ++epoch) {
    batches.start_epoch();
    for (data::Batch batch; batches.next(batch);) {
      optimizer.zero_grad();
      cross_entropy((*model)(batch.images), batch.labels).backward();
      optimizer.step();
    }
  }
  model->eval();
  const NoGrad no_grad;
  data::Loader test(digits.test, {.batch_size = digits.test.size(), .shuffle = false});
  data::Batch all;
  test.start_epoch();
  test.next(all);
  const Tensor correct = equal(argmax((*model)(all.images), 1), all.labels);
  std::cout << "test accuracy: " << 100 * mean(correct.to(DType::f32)).item() << "%\n";
}
