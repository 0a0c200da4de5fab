// Prints how often the heap is asked for memory by the third training step of a network, of an
// optimizer on buffers of the caller's, and by the third inference, on one thread.
#include <array>
#include <cstdint>
#include <iostream>
#include <string>
#include <vector>

#include "plastic/core/autograd.h"
#include "plastic/core/device.h"
#include "plastic/core/ops.h"
#include "plastic/core/random.h"
#include "plastic/nn/models.h"
#include "plastic/optim/neuroplastic.h"
#include "plastic/optim/raw.h"
#include "tests/allocation/counted_heap.h"

namespace {

using namespace plastic;

template <class Turn>
void print(const std::string& what, Turn&& turn) {
  for (int i = 0; i < 2; ++i) turn();
  const std::int64_t before = test::heap_allocations();
  turn();
  std::cout << what << '\t' << test::heap_allocations() - before << '\n';
}

}  // namespace

int main() {
  set_num_threads(1);
  Generator generator{.seed = 1};
  const auto model = nn::mlp({.hidden = {512, 512}, .generator = &generator});
  const Tensor x = normal({1, 784}, 0, 1, generator);
  const Tensor label = Tensor::zeros({1}, {.dtype = DType::i64});
  optim::NeuroPlastic optimizer(model->parameters(), {.lr = 0.1});
  print("training step of an mlp", [&] {
    optimizer.zero_grad();
    cross_entropy((*model)(x), label).backward();
    optimizer.step();
  });

  std::vector<float> weight(4096), gradient(4096, 0.5F);
  const std::array parameters = {optim::RawParameter{weight, {64, 64}}};
  optim::RawOptimizer raw("neuroplastic", parameters, {});
  print("step of an optimizer on one's own buffers", [&] { raw.step({{gradient}}); });

  model->eval();
  print("inference of an mlp", [&] {
    const NoGrad no_grad;
    (*model)(x);
  });
  return 0;
}
