// Uses plastic::distributed, as installed beside the static library: a step in shards on one
// process.
#include <plastic/distributed.h>
#include <plastic/plastic.h>

#include <iostream>
#include <memory>
#include <vector>

namespace {

int train() {
  using namespace plastic;
  set_num_threads(distributed::threads_per_rank());
  const auto model = nn::mlp({.inputs = 4, .hidden = {8}, .classes = 2, .dropout = 0});
  optim::Sgd optimizer(model->parameters(), {.lr = 0.1});
  distributed::broadcast(model->state_dict());
  distributed::ShardedBackward backward(optimizer, {.shards = 3});
  const Tensor images = Tensor::ones({6, 4});
  const Tensor labels = Tensor::zeros({6}, {.dtype = DType::i64});
  const std::vector<double> sums = backward.run(6, [&](const distributed::Shard& shard) {
    const auto [first, last] = shard.rows;
    return distributed::ShardResult{
        .loss = cross_entropy((*model)(images.slice(0, first, last)), labels.slice(0, first, last)),
        .numbers = {1}};
  });
  optimizer.step();
  if (sums == std::vector<double>{3}) return 0;
  std::cerr << "ranks: the numbers of the shards are not added up\n";
  return 1;
}

}  // namespace

int main() { return plastic::distributed::run(train); }
