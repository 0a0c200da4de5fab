// Runs with optimizers that evaluate other weights than they train, or take two gradients per step.
#include <doctest/doctest.h>
#include <signal.h>

#include <string>
#include <vector>

#include "apps/training/evaluation.h"
#include "apps/training/interrupt.h"
#include "apps/training/model_choice.h"
#include "apps/training/optimizer_options.h"
#include "apps/training/optimizer_overrides.h"
#include "apps/training/training.h"
#include "plastic/data/digits.h"
#include "plastic/data/loader.h"
#include "plastic/nn/module.h"
#include "plastic/nn/update_batch_norm.h"

using namespace plastic;
using namespace plastic::apps;

namespace {

const data::DatasetPair& digits() {
  static const data::DatasetPair data = data::digits({.train_size = 200, .test_size = 60});
  return data;
}

TrainConfig config_of(const std::string& optimizer, const OptimizerOverrides& overrides) {
  return {.hidden = std::vector<std::int64_t>{16},
          .dropout = 0.2,
          .optimizer = resolve_settings(optimizer, false, overrides),
          .epochs = 3,
          .batch_size = 32};
}

std::vector<TrainConfig> configs() {
  return {config_of("schedule-free-sgd", {{"lr", "0.5"}}),
          config_of("schedule-free-adamw", {{"lr", "0.01"}}),
          config_of("schedule-free-adamw", {{"lr", "0.01"}, {"sam", "0.05"}}),
          config_of("sgd", {{"lr", "0.05"}, {"sam", "0.05"}})};
}

using Values = std::vector<std::vector<double>>;

Values values_of(const StateDict& state, const std::string& prefix = "") {
  Values out;
  for (const NamedTensor& entry : state) {
    if (!entry.name.starts_with(prefix) || entry.name == "epoch.seconds") continue;
    out.push_back(entry.tensor.to(DType::f64).to_vector<double>());
  }
  return out;
}

StateDict copy_of(const StateDict& state) {
  StateDict out;
  for (const NamedTensor& entry : state) out.push_back({entry.name, entry.tensor.clone()});
  return out;
}

/// Ctrl-C after step `at` of the run.
class CtrlC : public TrainingObserver {
 public:
  explicit CtrlC(int at) : left_(at) {}
  void on_step(const StepResult&) override {
    if (--left_ == 0) raise(SIGINT);
  }

 private:
  int left_;
};

}  // namespace

TEST_CASE("apps.training.what_is_saved_is_what_was_evaluated") {
  TrainingObserver silent;
  for (const TrainConfig& config : configs()) {
    CAPTURE(describe(config.optimizer));
    Training training(config, digits(), silent);
    for (int epoch = 1; epoch <= 2; ++epoch) training.run_epoch(epoch);
    const EpochResult result = training.run_epoch(3);
    const StateDict state = training.state();
    CHECK(values_of(state, "model.") == values_of(training.model_state()));
    Generator generator;
    const nn::ModulePtr model_alone = make_model(config, model_sizes(digits().train), generator);
    model_alone->load_state_dict(training.model_state());
    data::Loader loader(digits().test, {.batch_size = evaluation_batch, .shuffle = false});
    CHECK(evaluate(*model_alone, loader, Device{}).loss() == result.test_loss);
    if (!config.optimizer.name.starts_with("schedule-free")) continue;
    // The weights of training are beside them.
    const StateDict model = training.model_state();
    CHECK(find(state, "optimizer.state.0.y", "test").to_vector<float>() !=
          model.front().tensor.to_vector<float>());
    CHECK(find(state, "optimizer.evaluating", "test").item() == 1);
  }
}

// Schedule-free learning evaluates an average of weights that no batch has passed through: its
// running statistics are those of batches that pass through it, not those of training.
TEST_CASE("apps.training.running_statistics_are_those_of_the_averaged_weights") {
  const data::DatasetPair few = data::digits({.train_size = 24, .test_size = 8});
  TrainConfig config = config_of("schedule-free-sgd", {{"lr", "0.5"}});
  config.model = "resnet18";
  config.hidden = {};
  config.dropout = {};
  config.batch_size = 8;
  TrainingObserver silent;
  Training training(config, few, silent);
  training.run_epoch(1);
  const StateDict saved = copy_of(training.model_state());

  Generator generator;
  const nn::ModulePtr model = make_model(config, model_sizes(few.train), generator);
  model->load_state_dict(saved);
  data::Loader loader(few.train,
                      {.batch_size = 8,
                       .drop_last = true,
                       .generator = {.seed = config.seed, .stream = streams::statistics}});
  loader.start_epoch();
  nn::update_batch_norm(*model, [&] {
    data::Batch batch;
    return loader.next(batch) ? batch.images : Tensor();
  });
  int statistics = 0;
  for (const NamedTensor& entry : saved) {
    const bool is_mean = entry.name.ends_with("running_mean");
    if (!is_mean && !entry.name.ends_with("running_var")) continue;
    CAPTURE(entry.name);
    ++statistics;
    CHECK(entry.tensor.to_vector<float>() ==
          find(model->state_dict(), entry.name, "test").to_vector<float>());
  }
  CHECK(statistics == 40);
}

TEST_CASE("apps.training.goes_on_with_the_same_bits_from_within_an_epoch") {
  TrainingObserver silent;
  for (const TrainConfig& config : configs()) {
    CAPTURE(describe(config.optimizer));
    Training whole(config, digits(), silent);
    std::vector<EpochResult> expected;
    for (int epoch = 1; epoch <= 3; ++epoch) expected.push_back(whole.run_epoch(epoch));

    StateDict state;
    Values evaluated;
    {
      // In the second epoch, of seven steps each.
      CtrlC observer(10);
      Training first(config, digits(), observer);
      const InterruptGuard guard;
      first.run_epoch(1);
      CHECK_THROWS_AS(first.run_epoch(2), Interrupted);
      state = copy_of(first.state());
    }
    CHECK(steps_into_epoch(state) == 3);
    // The signal is forgotten.
    const InterruptGuard guard;
    Training second(config, digits(), silent);
    second.restore(state);
    for (int epoch = 2; epoch <= 3; ++epoch) {
      const EpochResult result = second.run_epoch(epoch);
      const EpochResult& straight = expected[static_cast<std::size_t>(epoch) - 1];
      CHECK(result.train_loss == straight.train_loss);
      CHECK(result.test_loss == straight.test_loss);
    }
    CHECK(values_of(second.state()) == values_of(whole.state()));
  }
}
