#include <doctest/doctest.h>

#include "core/cpu/allocator.h"
#include "plastic/core/device.h"
#include "plastic/core/random.h"
#include "plastic/nn/loss.h"
#include "plastic/nn/models.h"
#include "plastic/optim/neuroplastic.h"
#include "plastic/optim/sgd.h"

namespace plastic::nn {
namespace {

/// Blocks that four steps ask the system for after three.
std::int64_t blocks_of_later_steps(Module& model, optim::Optimizer& optimizer,
                                   const Shape& images) {
  Generator generator{.seed = 2};
  const Tensor x = normal(images, 0, 1, generator);
  const Tensor targets = Tensor::zeros({images[0]}, {.dtype = DType::i64});
  std::int64_t before = 0;
  for (int step = 0; step < 7; ++step) {
    if (step == 3) before = cpu::blocks_from_system();
    optimizer.zero_grad();
    CrossEntropyLoss()(model(x), targets).backward();
    optimizer.step();
  }
  return cpu::blocks_from_system() - before;
}

TEST_CASE("nn.training.a_warm_step_takes_no_memory_from_the_system") {
  // With several threads, how many need scratch memory at a time is up to their timing.
  const int threads = num_threads();
  set_num_threads(1);
  Generator generator{.seed = 1};
  {
    const auto model = mlp({.hidden = {300, 100}, .dropout = 0.1, .generator = &generator});
    optim::NeuroPlastic optimizer(model->parameters(), {.lr = 0.1});
    CHECK(blocks_of_later_steps(*model, optimizer, {33, 1, 28, 28}) == 0);
  }
  {
    const auto model = resnet18({.generator = &generator});
    optim::Sgd optimizer(model->parameters(), {.lr = 0.01, .momentum = 0.9});
    CHECK(blocks_of_later_steps(*model, optimizer, {3, 3, 32, 32}) == 0);
  }
  set_num_threads(threads);
}

}  // namespace
}  // namespace plastic::nn
