// Training on a CUDA device: the CPU's losses, recorded steps, interruption.
#include "apps/training/training.h"

#include <signal.h>

#include <cmath>
#include <utility>

#include "apps/training/interrupt.h"
#include "apps/training/model_choice.h"
#include "apps/training/optimizer_overrides.h"
#include "plastic/core/autograd.h"
#include "plastic/core/precision.h"
#include "plastic/data/digits.h"
#include "plastic/data/loader.h"
#include "plastic/nn/loss.h"
#include "tests/cuda/device.h"
#include "tests/support/scoped_precision.h"

namespace plastic::test {
namespace {

using namespace apps;

/// Three whole batches of 16 and one of 7.
const data::DatasetPair& digits() {
  static const data::DatasetPair data = data::digits({.train_size = 55, .test_size = 20});
  return data;
}

/// The digits, 6 x 6 pixels of them and in three colours.
const data::DatasetPair& small_images() {
  static const data::DatasetPair data = [] {
    const auto cut = [](const data::ImageDataset& from) {
      std::vector<std::uint8_t> bytes;
      const std::vector<std::uint8_t> whole = from.images.to_vector<std::uint8_t>();
      for (std::int64_t i = 0; i < from.size(); ++i) {
        for (std::int64_t p = 0; p < 3 * 36; ++p) {
          const std::int64_t row = 4 + p % 36 / 6 * 3 + p / 36;
          const std::int64_t column = 4 + p % 6 * 3;
          bytes.push_back(whole[static_cast<std::size_t>((i * 28 + row) * 28 + column)]);
        }
      }
      data::ImageDataset set = from;
      set.images = Tensor::from<std::uint8_t>(bytes, {from.size(), 3, 6, 6});
      set.mean.assign(3, from.mean.front());
      set.deviation.assign(3, from.deviation.front());
      return set;
    };
    const data::DatasetPair& whole = digits();
    return data::DatasetPair{
        .name = "small", .source = "generated", .train = cut(whole.train), .test = cut(whole.test)};
  }();
  return data;
}

TrainConfig mlp_config(const char* optimizer) {
  return {.hidden = std::vector<std::int64_t>{16},
          .dropout = 0.2,
          .optimizer = resolve_settings(optimizer, false, {}),
          .epochs = 3,
          .batch_size = 16};
}

TrainConfig on_device(TrainConfig config) {
  config.device = cuda_device;
  return config;
}

/// Losses to `tolerance`, and no more than one image told differently.
void check_follows_cpu(const TrainConfig& config, const data::DatasetPair& data, double tolerance) {
  TrainingObserver silent;
  const auto expected = run_training(config, data, silent);
  const auto actual = run_training(on_device(config), data, silent);
  REQUIRE(actual.size() == expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i) {
    CAPTURE(i);
    CHECK(actual[i].train_loss == doctest::Approx(expected[i].train_loss).epsilon(tolerance));
    CHECK(actual[i].test_loss == doctest::Approx(expected[i].test_loss).epsilon(tolerance));
    CHECK(std::abs(actual[i].train_accuracy - expected[i].train_accuracy) <= 1.01 / 55);
    CHECK(std::abs(actual[i].test_accuracy - expected[i].test_accuracy) <= 1.01 / 20);
    CHECK(actual[i].learning_rate == expected[i].learning_rate);
    CHECK(actual[i].diagnostics.size() == expected[i].diagnostics.size());
    for (std::size_t j = 0; j < actual[i].diagnostics.size(); ++j) {
      CAPTURE(actual[i].diagnostics[j].first);
      CHECK(actual[i].diagnostics[j].second ==
            doctest::Approx(expected[i].diagnostics[j].second).epsilon(1e-3));
    }
  }
}

/// Everything but the seconds, name by name, as doubles.
void check_same_state(const StateDict& a, const StateDict& b) {
  REQUIRE(a.size() == b.size());
  for (const NamedTensor& entry : a) {
    if (entry.name == "epoch.seconds") continue;
    CAPTURE(entry.name);
    const auto values = [](const Tensor& tensor) {
      return tensor.to(Device{}).to(DType::f64).to_vector<double>();
    };
    CHECK(values(entry.tensor) == values(find(b, entry.name, "test")));
  }
}

TEST_CASE("cuda.training.mlp_follows_the_cpu") {
  if (!has_cuda_device()) return;
  for (const char* optimizer : {"sgd", "adamw"}) {
    CAPTURE(optimizer);
    check_follows_cpu(mlp_config(optimizer), digits(), 1e-4);
  }
}

TEST_CASE("cuda.training.neuroplastic_follows_the_cpu") {
  if (!has_cuda_device()) return;
  TrainConfig config = mlp_config("neuroplastic");
  config.optimizer.plasticity.diagnostics = true;
  config.optimizer.plasticity.warmup_epochs = 1;
  check_follows_cpu(config, digits(), 1e-4);
}

TEST_CASE("cuda.training.small_cnn_with_augmentation_follows_the_cpu") {
  if (!has_cuda_device()) return;
  TrainConfig config = mlp_config("adam");
  config.model = "small_cnn";
  config.hidden = {};
  config.epochs = 2;
  config.augment = {.crop_padding = 1,
                    .flip = 0.5,
                    .brightness = 0.2,
                    .contrast = 0.2,
                    .saturation = 0.2,
                    .cutout = 2};
  config.schedule = LrSchedule::cosine;
  check_follows_cpu(config, small_images(), 1e-3);
}

// The CPU computes in f32 all the same. tf32 keeps 10 bits of what goes into products, bf16 7 of
// all activations.
TEST_CASE("cuda.training.lower_precisions_stay_near_f32") {
  if (!has_cuda_device()) return;
  TrainConfig config = mlp_config("adam");
  config.model = "small_cnn";
  config.hidden = {};
  config.epochs = 2;
  for (const auto& [precision, tolerance] :
       {std::pair(Precision::tf32, 1e-3), std::pair(Precision::bf16, 5e-3)}) {
    CAPTURE(to_string(precision));
    const ScopedPrecision scoped(precision);
    TrainingObserver silent;
    const EpochResult host = run_training(config, small_images(), silent).back();
    const EpochResult device = run_training(on_device(config), small_images(), silent).back();
    CHECK(device.train_loss == doctest::Approx(host.train_loss).epsilon(tolerance));
    CHECK(device.test_loss == doctest::Approx(host.test_loss).epsilon(tolerance));
    // The emulated libraries compute tf32 in f32, which may come out the same.
    if (precision == Precision::bf16) CHECK(device.train_loss != host.train_loss);
  }
}

// What TrainStep does on the CPU, on the device.
TEST_CASE("cuda.training.recorded_steps_are_the_eager_ones_to_the_bit") {
  if (!has_cuda_device()) return;
  const TrainConfig config = on_device(mlp_config("adam"));
  TrainingObserver silent;
  Training recorded(config, digits(), silent);
  for (int epoch = 1; epoch <= config.epochs; ++epoch) recorded.run_epoch(epoch);

  Generator generator{.seed = config.seed, .stream = streams::initial_weights};
  const nn::ModulePtr model = make_model(config, model_sizes(digits().train), generator);
  generator = {.seed = config.seed, .stream = streams::dropout};
  model->to(cuda_device);
  const auto optimizer = make_optimizer(config.optimizer, model->parameters());
  data::Loader loader(digits().train,
                      {.batch_size = config.batch_size,
                       .generator = {.seed = config.seed, .stream = streams::shuffle},
                       .device = cuda_device});
  const nn::CrossEntropyLoss loss;
  for (int epoch = 1; epoch <= config.epochs; ++epoch) {
    loader.start_epoch();
    for (data::Batch batch; loader.next(batch);) {
      optimizer->zero_grad();
      loss((*model)(batch.images), batch.labels).backward();
      optimizer->step();
    }
  }
  check_same_state(recorded.model_state(), model->state_dict());
}

struct ProbedRun {
  std::vector<std::int64_t> steps;
  std::vector<double> losses;
  std::vector<optim::TensorReading> last;
  StateDict model;
};

ProbedRun probed_run(TrainConfig config, std::int64_t every) {
  if (every > 0) config.probe = optim::ProbeOptions{.every = every};
  TrainingObserver silent;
  Training training(config, digits(), silent);
  ProbedRun run;
  training.on_probe([&run](const ProbedStep& step) {
    run.steps.push_back(step.reading.step);
    run.losses.push_back(step.loss);
    run.last = step.reading.tensors;
  });
  for (int epoch = 1; epoch <= config.epochs; ++epoch) training.run_epoch(epoch);
  run.model = training.model_state();
  return run;
}

TEST_CASE("cuda.training.a_probe_reads_captured_steps_and_changes_none") {
  if (!has_cuda_device()) return;
  const TrainConfig config = mlp_config("neuroplastic");
  const ProbedRun device = probed_run(on_device(config), 4);
  check_same_state(device.model, probed_run(on_device(config), 0).model);
  const ProbedRun host = probed_run(config, 4);
  CHECK(device.steps == std::vector<std::int64_t>{4, 8, 12});
  CHECK(device.steps == host.steps);
  REQUIRE(device.last.size() == host.last.size());
  for (std::size_t i = 0; i < host.losses.size(); ++i) {
    CHECK(device.losses[i] == doctest::Approx(host.losses[i]).epsilon(1e-4));
  }
  for (std::size_t i = 0; i < host.last.size(); ++i) {
    CAPTURE(i);
    const optim::TensorReading& a = device.last[i];
    const optim::TensorReading& b = host.last[i];
    CHECK(a.is_updated);
    CHECK(a.update_norm == doctest::Approx(b.update_norm).epsilon(1e-3));
    CHECK(a.cosine == doctest::Approx(b.cosine).epsilon(1e-3));
    REQUIRE(a.signals.size() == 4);
    CHECK(a.signals[0].mean == doctest::Approx(b.signals[0].mean).epsilon(1e-3));
    CHECK(a.numbers[1].value == doctest::Approx(b.numbers[1].value).epsilon(1e-3));
  }
}

// Two gradients with the same dropout, the weights moved between them, all in one graph.
TEST_CASE("cuda.training.recorded_sam_steps_are_the_eager_ones_to_the_bit") {
  if (!has_cuda_device()) return;
  TrainConfig config = on_device(mlp_config("sgd"));
  config.optimizer = resolve_settings("sgd", false, {{"sam", "0.2"}});
  TrainingObserver silent;
  Training recorded(config, digits(), silent);
  for (int epoch = 1; epoch <= config.epochs; ++epoch) recorded.run_epoch(epoch);

  Generator generator{.seed = config.seed, .stream = streams::initial_weights};
  const nn::ModulePtr model = make_model(config, model_sizes(digits().train), generator);
  generator = {.seed = config.seed, .stream = streams::dropout};
  model->to(cuda_device);
  const auto optimizer = make_optimizer(config.optimizer, model->parameters());
  REQUIRE(optimizer->is_capturable());
  REQUIRE(optimizer->gradients_per_step() == 2);
  data::Loader loader(digits().train,
                      {.batch_size = config.batch_size,
                       .generator = {.seed = config.seed, .stream = streams::shuffle},
                       .device = cuda_device});
  const nn::CrossEntropyLoss loss;
  for (int epoch = 1; epoch <= config.epochs; ++epoch) {
    loader.start_epoch();
    for (data::Batch batch; loader.next(batch);) {
      const Generator before = generator;
      for (const bool is_second : {false, true}) {
        if (is_second) optimizer->perturb();
        generator = before;
        optimizer->zero_grad();
        loss((*model)(batch.images), batch.labels).backward();
      }
      optimizer->step();
    }
  }
  check_same_state(recorded.model_state(), model->state_dict());
  config.device = Device{};
  check_follows_cpu(config, digits(), 1e-4);
}

/// Presses Ctrl-C in the run's step number `at`.
class CtrlC : public TrainingObserver {
 public:
  explicit CtrlC(int at) : left_(at) {}
  void on_step(const StepResult&) override {
    if (--left_ == 0) raise(SIGINT);
  }

 private:
  int left_;
};

TEST_CASE("cuda.training.goes_on_after_an_interruption_with_the_same_bits") {
  if (!has_cuda_device()) return;
  const TrainConfig config = on_device(mlp_config("neuroplastic"));
  TrainingObserver silent;
  Training whole(config, digits(), silent);
  std::vector<EpochResult> expected;
  for (int epoch = 1; epoch <= config.epochs; ++epoch) expected.push_back(whole.run_epoch(epoch));

  StateDict state;
  {
    // In the second epoch, of four steps each.
    CtrlC observer(6);
    Training first(config, digits(), observer);
    const InterruptGuard guard;
    first.run_epoch(1);
    CHECK_THROWS_AS(first.run_epoch(2), Interrupted);
    // As a checkpoint has it.
    for (const NamedTensor& entry : first.state()) {
      state.push_back({entry.name, entry.tensor.to(Device{}).clone()});
    }
  }
  CHECK(steps_into_epoch(state) == 2);
  // The signal is forgotten.
  const InterruptGuard guard;
  Training second(config, digits(), silent);
  second.restore(state);
  for (int epoch = 2; epoch <= config.epochs; ++epoch) {
    const EpochResult result = second.run_epoch(epoch);
    CHECK(result.train_loss == expected[static_cast<std::size_t>(epoch) - 1].train_loss);
    CHECK(result.train_accuracy == expected[static_cast<std::size_t>(epoch) - 1].train_accuracy);
    CHECK(result.test_loss == expected[static_cast<std::size_t>(epoch) - 1].test_loss);
  }
  check_same_state(second.state(), whole.state());
}

TEST_CASE("cuda.training.a_run_of_the_cpus_goes_on_there") {
  if (!has_cuda_device()) return;
  TrainConfig config = mlp_config("adam");
  TrainingObserver silent;
  Training host(config, digits(), silent);
  host.run_epoch(1);
  Training device(on_device(config), digits(), silent);
  device.restore(host.state());
  CHECK(device.run_epoch(2).train_loss ==
        doctest::Approx(host.run_epoch(2).train_loss).epsilon(1e-4));
}

TEST_CASE("cuda.training.a_loss_that_is_not_finite_ends_it") {
  if (!has_cuda_device()) return;
  TrainConfig config = on_device(mlp_config("sgd"));
  config.optimizer.lr = 1e30;
  TrainingObserver silent;
  Training training(config, digits(), silent);
  CHECK_THROWS_WITH_AS(training.run_epoch(1), doctest::Contains("in epoch 1, "), Error);
}

}  // namespace
}  // namespace plastic::test
