#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/cpu/allocator.h"
#include "core/threads/parallel.h"
#include "plastic/c_api.h"
#include "plastic/core/autograd.h"
#include "plastic/core/memory.h"
#include "plastic/core/random.h"
#include "plastic/core/safetensors.h"
#include "plastic/nn/loss.h"
#include "plastic/nn/models.h"
#include "plastic/optim/adam.h"
#include "plastic/optim/neuroplastic.h"
#include "plastic/optim/optimizer_table.h"
#include "plastic/optim/raw.h"
#include "plastic/optim/sgd.h"
#include "tests/allocation/counted_heap.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/thread_count.h"

namespace plastic {
namespace {

using test::heap_allocations;
using test::heap_objects;
using test::ThreadCount;

/// Memory asked for: of the heap by the library's objects, and of the system by its cache of
/// blocks.
struct Asked {
  std::int64_t heap;
  std::int64_t blocks;
};

Asked asked() { return {heap_allocations(), cpu::blocks_from_system()}; }

/// What one turn asks for after `warm` of them; turns differ in nothing.
template <class Turn>
Asked asked_by(Turn&& turn, int warm) {
  for (int i = 0; i < warm; ++i) turn();
  const Asked before = asked();
  turn();
  const Asked after = asked();
  return {after.heap - before.heap, after.blocks - before.blocks};
}

struct Model {
  std::string name;
  nn::ModulePtr module;
  Shape batch;
  /// What a warm training step may ask the heap for: notes of running statistics, lists of tiles.
  std::int64_t max_training;
};

std::vector<Model> models(Generator& generator) {
  const nn::ImageModelOptions images{.generator = &generator};
  return {{"mlp", nn::mlp({.dropout = 0.1, .generator = &generator}), {3, 784}, 0},
          {"mlp, many rows", nn::mlp({.generator = &generator}), {40, 784}, 0},
          {"small_cnn", nn::small_cnn(images), {2, 3, 32, 32}, 16},
          {"resnet18", nn::resnet18(images), {1, 3, 32, 32}, 400}};
}

// With several threads, how many need scratch memory at a time is up to their timing.

TEST_CASE("allocation.inference_asks_for_no_memory_after_the_first_call") {
  const ThreadCount count(1);
  Generator generator{.seed = 1};
  for (const Model& model : models(generator)) {
    CAPTURE(model.name);
    model.module->eval();
    const Tensor x = normal(model.batch, 0, 1, generator);
    const auto call = [&] {
      const NoGrad no_grad;
      (*model.module)(x);
    };
    CHECK(asked_by(call, 1).heap == 0);
    // Weights that the first call packed stay in blocks that activations had before.
    CHECK(asked_by(call, 0).heap == 0);
    const Asked later = asked_by(call, 0);
    CHECK(later.heap == 0);
    CHECK(later.blocks == 0);
  }
}

TEST_CASE("allocation.the_c_api_computes_without_memory_after_the_first_call") {
  const ThreadCount count(1);
  Generator generator{.seed = 1};
  const nn::ModulePtr network = nn::small_cnn({.classes = 2, .generator = &generator});
  const test::TemporaryFolder folder;
  const std::string path = folder / "network.safetensors";
  save_safetensors(
      path, network->state_dict(),
      {{"epoch", "1"},
       {"data", R"({"data":"noise","channels":3,"height":32,"width":32,"mean":[0,0,0],)"
                R"("deviation":[1,1,1],"classes":["a","b"],"model":"small_cnn"})"}});
  plastic_model* model = nullptr;
  REQUIRE(plastic_model_load(path.c_str(), &model) == PLASTIC_OK);
  const std::vector<float> images(2 * 3 * 32 * 32, 0.5F);
  std::vector<float> logits(4);
  const auto call = [&] {
    return plastic_model_run(model, 2, images.data(), images.size(), logits.data(), 4);
  };
  CHECK(asked_by(call, 1).heap == 0);
  CHECK(call() == PLASTIC_OK);
  CHECK(logits[0] != 0);
  plastic_model_destroy(&model);
}

TEST_CASE("allocation.a_training_step_asks_for_little") {
  const ThreadCount count(1);
  Generator generator{.seed = 1};
  for (const Model& model : models(generator)) {
    CAPTURE(model.name);
    optim::Adam optimizer(model.module->parameters(), {.lr = 1e-3});
    const Tensor x = normal(model.batch, 0, 1, generator);
    const Tensor targets = Tensor::zeros({model.batch[0]}, {.dtype = DType::i64});
    const Asked later = asked_by(
        [&] {
          optimizer.zero_grad();
          nn::CrossEntropyLoss()((*model.module)(x), targets).backward();
          optimizer.step();
        },
        3);
    CHECK(later.heap <= model.max_training);
    CHECK(later.blocks == 0);
  }
}

TEST_CASE("allocation.a_step_on_raw_memory_asks_for_none_after_the_first") {
  const ThreadCount count(1);
  for (const optim::OptimizerEntry& entry : optim::optimizer_table()) {
    CAPTURE(entry.name);
    std::vector<float> weight(64 * 48), bias(64), d_weight(64 * 48, 0.01F), d_bias(64, -0.02F);
    const std::array parameters = {optim::RawParameter{weight, {64, 48}},
                                   optim::RawParameter{bias, {64}}};
    optim::RawOptimizer optimizer(entry.name, parameters);
    const auto step = [&] { optimizer.step({{d_weight, d_bias}}); };
    const Asked second = asked_by(step, 1);
    // Sums over columns, and eigenbases, have memory of their own.
    if (entry.name == "adafactor" || entry.name == "soap") continue;
    CHECK(second.heap == 0);
    CHECK(second.blocks == 0);
    CHECK(asked_by(step, 5).heap == 0);
  }
}

TEST_CASE("allocation.a_loop_on_several_threads_asks_for_none") {
  const ThreadCount count(3);
  std::array<std::int64_t, 8> large{};
  std::atomic<std::int64_t> sum{0};
  const Asked loop = asked_by(
      [&] {
        parallel_for(0, 300, 1, [&sum, large](std::int64_t first, std::int64_t last) {
          sum += last - first + large[0];
        });
      },
      1);
  CHECK(loop.heap == 0);
  CHECK(sum == 600);
}

TEST_CASE("allocation.what_a_thread_keeps_is_bounded_and_ends_with_it") {
  constexpr int many = 40000;
  std::vector<Tensor> tensors;
  tensors.reserve(many);
  const auto make_all = [&] {
    for (int i = 0; i < many; ++i) tensors.push_back(Tensor::of({1.5F}, {}));
  };
  std::thread([] { Tensor::ones({3}); }).join();
  empty_cache();
  const std::int64_t before = heap_objects();
  // Given back by another thread than made them, which then ends.
  make_all();
  std::thread([&] { tensors.clear(); }).join();
  CHECK(heap_objects() - before < 100);
  // And the other way round.
  std::thread(make_all).join();
  for (const Tensor& tensor : tensors) REQUIRE(tensor.item() == 1.5);
  tensors.clear();
  CHECK(heap_objects() - before < many / 2);
  empty_cache();
  CHECK(heap_objects() - before < 100);
}

}  // namespace
}  // namespace plastic
