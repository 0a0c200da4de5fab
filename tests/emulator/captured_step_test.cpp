// What a captured training step consists of, as `plastic train` captures it.
#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "apps/training/epoch_sums.h"
#include "apps/training/train_step.h"
#include "plastic/core/precision.h"
#include "plastic/data/loader.h"
#include "plastic/nn/models.h"
#include "plastic/optim/sgd.h"
#include "tests/cuda/device.h"
#include "tests/emulator/capture.h"
#include "tests/emulator/options.h"
#include "tests/support/scoped_precision.h"

namespace plastic::test {
namespace {

constexpr std::int64_t batch_size = 128;

data::ImageDataset black_images() {
  return {.images = Tensor::zeros({2 * batch_size, 3, 32, 32}, {.dtype = DType::u8}),
          .labels = Tensor::zeros({2 * batch_size}, {.dtype = DType::i64}),
          .class_names = std::vector<std::string>(10, "black"),
          .mean = std::vector<float>(3, 0.5F),
          .deviation = std::vector<float>(3, 0.25F)};
}

std::size_t nodes_of_resnet18_step(Precision precision) {
  const ScopedPrecision scoped(precision);
  // Only captured, never computed.
  const emulator::Idle idle;
  Generator generator{.seed = 1};
  const nn::ModulePtr model = nn::resnet18({.generator = &generator});
  model->to(cuda_device);
  const auto optimizer =
      std::make_unique<optim::Sgd>(model->parameters(), optim::SgdOptions{.momentum = 0.9});
  data::Loader loader(black_images(), {.batch_size = batch_size,
                                       .augment = {.crop_padding = 4, .flip = 0.5},
                                       .device = cuda_device});
  apps::EpochSums sums(cuda_device);
  apps::TrainStep step(*model, *optimizer, loader, sums, generator, cuda_device);
  loader.start_epoch();
  while (loader.advance()) step.run();
  return emulator::captured_nodes();
}

TEST_CASE("cuda.training.a_captured_resnet18_step_has_few_nodes") {
  const std::size_t f32 = nodes_of_resnet18_step(Precision::f32);
  const std::size_t bf16 = nodes_of_resnet18_step(Precision::bf16);
  MESSAGE("nodes of a step: " << f32 << " in f32, " << bf16 << " in bf16, on "
                              << emulator::options().multiprocessors << " multiprocessors");
  CHECK(f32 <= 211);
  CHECK(bf16 <= 257);
}

}  // namespace
}  // namespace plastic::test
