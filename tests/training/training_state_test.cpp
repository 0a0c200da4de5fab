#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <memory>

#include "plastic/plastic.h"
#include "tests/support/temporary_folder.h"

namespace plastic {
namespace {

namespace fs = std::filesystem;

using test::TemporaryFolder;

/// A training of everything that has a state.
struct Run {
  explicit Run(std::uint64_t seed)
      : dropout{.seed = seed},
        model(nn::mlp({.inputs = 784, .hidden = {12}, .dropout = 0.2, .generator = &dropout})),
        optimizer(model->parameters(), {.lr = 0.01}),
        scheduler(optimizer, optim::Schedule::cosine(20)),
        plateau(optimizer, {.patience = 1}),
        ema(model->parameters()),
        loader(digits(), {.batch_size = 16, .generator = {.seed = seed}}) {}

  static const data::ImageDataset& digits() {
    static const data::DatasetPair pair = data::digits({.train_size = 80, .test_size = 10});
    return pair.train;
  }

  TrainingParts parts() {
    return {.model = model.get(),
            .optimizer = &optimizer,
            .scheduler = &scheduler,
            .plateau = &plateau,
            .ema = &ema,
            .loader = &loader,
            .generators = {{"dropout", &dropout}}};
  }

  /// Steps that go over the ends of epochs.
  void train(int steps) {
    for (int i = 0; i < steps; ++i) {
      data::Batch batch;
      if (!is_started || !loader.next(batch)) {
        if (is_started) plateau.step(1);
        loader.start_epoch();
        is_started = true;
        loader.next(batch);
      }
      optimizer.zero_grad();
      cross_entropy((*model)(batch.images), batch.labels).backward();
      optimizer.step();
      scheduler.step();
      ema.update();
    }
  }

  Generator dropout;
  std::shared_ptr<nn::Sequential> model;
  optim::Adam optimizer;
  optim::Scheduler scheduler;
  optim::ReduceOnPlateau plateau;
  optim::Ema ema;
  data::Loader loader;
  bool is_started = false;
};

bool same(const StateDict& a, const StateDict& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const Tensor& x = a[i].tensor;
    const Tensor& y = b[i].tensor;
    if (a[i].name != b[i].name || x.dtype() != y.dtype() || x.shape() != y.shape()) return false;
    if (x.to(DType::f64).to_vector<double>() != y.to(DType::f64).to_vector<double>()) return false;
  }
  return true;
}

StateDict copy_of(const StateDict& state) {
  StateDict copies;
  for (const NamedTensor& entry : state) copies.push_back({entry.name, entry.tensor.clone()});
  return copies;
}

std::string message_of(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was refused";
}

TEST_CASE("training.state.goes_on_with_the_same_bits") {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "training.safetensors";
  Run whole(3);
  whole.train(8);
  // Within the second epoch.
  save_training(path, whole.parts(), {{"epoch", "1"}});
  whole.train(9);

  Run resumed(4);
  resumed.train(2);
  const Metadata metadata = load_training(path, resumed.parts());
  resumed.is_started = true;
  CHECK(metadata == Metadata{{"epoch", "1"}});
  resumed.train(9);
  CHECK(same(training_state(whole.parts()), training_state(resumed.parts())));
  CHECK(resumed.optimizer.lr() == whole.optimizer.lr());
  CHECK(resumed.scheduler.time() == 17);
}

TEST_CASE("training.state.tensor_loader_and_default_generator") {
  const Tensor x = Tensor::arange(10).to(DType::f32).reshape({10, 1});
  const auto make = [&](std::uint64_t seed) {
    return data::TensorLoader({.features = x, .targets = x},
                              {.batch_size = 3, .generator = {.seed = seed}});
  };
  data::TensorLoader loader = make(1);
  loader.start_epoch();
  data::TensorBatch batch;
  loader.next(batch);
  manual_seed(5);
  Generator& random = default_generator();
  const StateDict state =
      copy_of(training_state({.tensor_loader = &loader, .generators = {{"default", &random}}}));
  loader.next(batch);
  const std::vector<float> drawn = uniform({4}, 0, 1, random).to_vector<float>();

  data::TensorLoader other = make(2);
  restore_training({.tensor_loader = &other, .generators = {{"default", &random}}}, state);
  data::TensorBatch again;
  other.next(again);
  CHECK(again.features.to_vector<float>() == batch.features.to_vector<float>());
  CHECK(uniform({4}, 0, 1, random).to_vector<float>() == drawn);
}

TEST_CASE("training.state.refuses_and_changes_nothing") {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "training.safetensors";
  Run run(3);
  run.train(3);
  const StateDict right = copy_of(training_state(run.parts()));
  const auto refused = [&](const StateDict& state, const TrainingParts& parts) {
    const StateDict before = copy_of(training_state(run.parts()));
    const std::string message = message_of([&] { restore_training(parts, state); });
    CHECK(same(before, training_state(run.parts())));
    return message;
  };
  run.train(1);
  TrainingParts fewer = run.parts();
  fewer.scheduler = nullptr;
  CHECK(refused(right, fewer).find("the training has no such part") != std::string::npos);
  StateDict changed;
  for (const NamedTensor& entry : right) {
    if (!entry.name.starts_with("plateau.")) changed.push_back(entry);
  }
  CHECK(refused(changed, run.parts()).find("nothing in the state begins with \"plateau.\"") !=
        std::string::npos);
  changed = right;
  changed.push_back({"generator.other", Tensor::zeros({3}, {.dtype = DType::i64})});
  CHECK(refused(changed, run.parts()).find("\"generator.other\" is in the state") !=
        std::string::npos);
  // The last part refuses what the first ones have taken.
  for (NamedTensor& entry : changed) {
    if (entry.name == "loader.position") {
      entry.tensor = Tensor::from<std::int64_t>({1, 7}, {2});
    }
  }
  changed.pop_back();
  CHECK(refused(changed, run.parts()).find("[loader]") != std::string::npos);
  changed.back().tensor = Tensor::zeros({2});
  CHECK(refused(changed, run.parts()).find("needs 2 integers") != std::string::npos);

  save_safetensors(path, right, {});
  CHECK(message_of([&] {
          load_training(path, run.parts());
        }).find("is not a file of save_training") != std::string::npos);
  save_training(path, run.parts());
  fewer = run.parts();
  fewer.ema = nullptr;
  const std::string message = message_of([&] { load_training(path, fewer); });
  CHECK(message.find(path.string()) != std::string::npos);
  CHECK(message.find("\"ema.") != std::string::npos);
  CHECK(message_of([&] {
          save_training(path, run.parts(), {{"plastic.training", "x"}});
        }).find("is taken") != std::string::npos);
}

}  // namespace
}  // namespace plastic
