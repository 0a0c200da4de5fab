// A program that has the library for one thing: it trains a network, saves it, loads it again and
// asks it. scripts/size-table says how large it is.
#include <plastic/core/autograd.h>
#include <plastic/core/ops.h>
#include <plastic/core/random.h>
#include <plastic/core/safetensors.h>
#include <plastic/nn/models.h>
#include <plastic/optim/neuroplastic.h>

#include <cstdint>
#include <cstdio>
#include <vector>

int main(int count, char** arguments) {
  using namespace plastic;
  if (count != 2) {
    std::fputs("usage: train_and_infer FILE\n", stderr);
    return 2;
  }
  manual_seed(41);
  const Tensor x = normal({256, 16}, 0, 1, default_generator());
  const Tensor labels = greater(sum(x, {1}), Tensor::zeros({256})).to(DType::i64);
  const auto trained = nn::mlp({.inputs = 16, .hidden = {32}, .classes = 2, .dropout = 0});
  optim::NeuroPlastic optimizer(trained->parameters(), {.lr = 0.1});
  for (int step = 0; step < 200; ++step) {
    optimizer.zero_grad();
    cross_entropy((*trained)(x), labels).backward();
    optimizer.step();
  }
  save_safetensors(arguments[1], trained->state_dict());

  const auto loaded = nn::mlp({.inputs = 16, .hidden = {32}, .classes = 2, .dropout = 0});
  loaded->load_state_dict(load_safetensors(arguments[1]).tensors);
  loaded->eval();
  const NoGrad no_grad;
  const double right = mean(equal(argmax((*loaded)(x), 1), labels).to(DType::f32)).item();
  std::printf("right: %.3f\n", right);
  return right > 0.9 ? 0 : 1;
}
