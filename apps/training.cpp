#include "apps/training.h"

#include <array>
#include <bit>
#include <chrono>
#include <cmath>
#include <memory>

#include "apps/interrupt.h"
#include "apps/model_choice.h"
#include "core/check.h"
#include "plastic/core/autograd.h"
#include "plastic/core/ops.h"
#include "plastic/data/loader.h"
#include "plastic/nn/loss.h"
#include "plastic/optim/optimizer.h"

namespace plastic::apps {
namespace {

// Evaluation keeps nothing for a backward pass, so its batches may be large.
constexpr std::int64_t evaluation_batch = 1000;

class Stopwatch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

std::int64_t count_correct(const Tensor& logits, const Tensor& labels) {
  const Tensor predicted = argmax(logits, 1);
  const std::int64_t* guesses = predicted.data<std::int64_t>();
  const std::int64_t* truth = labels.data<std::int64_t>();
  std::int64_t correct = 0;
  for (std::int64_t i = 0; i < labels.numel(); ++i) correct += guesses[i] == truth[i] ? 1 : 0;
  return correct;
}

// Mean loss and accuracy over the images met so far.
class Score {
 public:
  void add(double mean_loss, const Tensor& logits, const Tensor& labels) {
    loss_ += mean_loss * static_cast<double>(labels.numel());
    correct_ += count_correct(logits, labels);
    images_ += labels.numel();
  }

  double loss() const { return loss_ / static_cast<double>(images_); }
  double accuracy() const { return static_cast<double>(correct_) / static_cast<double>(images_); }
  std::int64_t images() const { return images_; }

 private:
  double loss_ = 0.0;
  std::int64_t correct_ = 0;
  std::int64_t images_ = 0;
};

Score evaluate(nn::Module& model, data::Loader& loader) {
  const NoGrad no_grad;
  const nn::CrossEntropyLoss loss;
  model.eval();
  Score score;
  data::Batch batch;
  loader.start_epoch();
  while (loader.next(batch)) {
    const Tensor logits = model(batch.images);
    score.add(loss(logits, batch.labels).item(), logits, batch.labels);
  }
  model.train();
  return score;
}

// Sums each diagnostic over the steps of an epoch.
class DiagnosticsMean {
 public:
  void add(const Diagnostics& step) {
    if (sums_.empty()) {
      sums_ = step;
    } else {
      for (std::size_t i = 0; i < step.size(); ++i) sums_[i].second += step[i].second;
    }
  }

  Diagnostics over(std::int64_t steps) const {
    Diagnostics means = sums_;
    for (auto& [name, value] : means) value /= static_cast<double>(steps);
    return means;
  }

 private:
  Diagnostics sums_;
};

// A generator's 64-bit numbers as the bits of signed ones, which is what tensors have.
Tensor to_tensor(const Generator& generator) {
  const std::array values = {std::bit_cast<std::int64_t>(generator.seed),
                             std::bit_cast<std::int64_t>(generator.stream),
                             std::bit_cast<std::int64_t>(generator.offset)};
  return Tensor::from<std::int64_t>(values, {3});
}

std::vector<std::int64_t> integers(const StateDict& state, const char* name, std::size_t count) {
  const Tensor& tensor = find(state, name, "resume");
  if (tensor.dtype() != DType::i64 || tensor.rank() != 1 ||
      tensor.numel() != static_cast<std::int64_t>(count)) {
    fail("resume", "\"", name, "\" needs ", count, " integers, has shape ",
         to_string(tensor.shape()), " and dtype ", name_of(tensor.dtype()));
  }
  return tensor.to_vector<std::int64_t>();
}

Generator to_generator(const StateDict& state, const char* name) {
  const std::vector<std::int64_t> values = integers(state, name, 3);
  return {.seed = std::bit_cast<std::uint64_t>(values[0]),
          .stream = std::bit_cast<std::uint64_t>(values[1]),
          .offset = std::bit_cast<std::uint64_t>(values[2])};
}

void append(StateDict& all, const std::string& prefix, const StateDict& part) {
  for (const NamedTensor& entry : part) all.push_back({prefix + entry.name, entry.tensor});
}

StateDict part_of(const StateDict& all, const std::string& prefix) {
  StateDict part;
  for (const NamedTensor& entry : all) {
    if (entry.name.starts_with(prefix)) {
      part.push_back({entry.name.substr(prefix.size()), entry.tensor});
    }
  }
  return part;
}

}  // namespace

class Training::Run {
 public:
  Run(const TrainConfig& config, const data::DatasetPair& data, TrainingObserver& observer)
      : config_(config),
        observer_(observer),
        train_set_(draw_subset(config, data)),
        train_loader_(train_set_, loader_options(config)),
        test_loader_(data.test, {.batch_size = evaluation_batch, .shuffle = false}),
        model_(build_model(data.train)),
        optimizer_(make_optimizer(config.optimizer, model_->parameters())) {
    // The model keeps a reference to its generator: from here on it draws dropout.
    generator_ = {.seed = config.seed, .stream = streams::dropout};
  }

  EpochResult run_epoch(int epoch) {
    optimizer_->set_epoch(epoch, config_.epochs);
    optimizer_->set_lr(config_.optimizer.lr * std::pow(config_.optimizer.lr_decay, epoch - 1));
    EpochResult result = train_epoch(epoch);
    result.learning_rate = optimizer_->lr();
    const Score test = evaluate(*model_, test_loader_);
    check_finite(test.loss(), "test loss", epoch, train_loader_.batch_count());
    result.test_loss = test.loss();
    result.test_accuracy = test.accuracy();
    observer_.on_epoch(result);
    return result;
  }

  StateDict state() const {
    StateDict all;
    append(all, "model.", model_->state_dict());
    append(all, "optimizer.", optimizer_->state_dict());
    all.push_back({"generator.dropout", to_tensor(generator_)});
    const data::LoaderState loader = train_loader_.state();
    const std::array place = {std::int64_t{loader.started}, loader.position};
    all.push_back({"loader.generator", to_tensor(loader.generator)});
    all.push_back({"loader.position", Tensor::from<std::int64_t>(place, {2})});
    return all;
  }

  void restore(const StateDict& state) {
    const std::vector<std::int64_t> place = integers(state, "loader.position", 2);
    train_loader_.restore({.generator = to_generator(state, "loader.generator"),
                           .started = place[0] != 0,
                           .position = place[1]});
    model_->load_state_dict(part_of(state, "model."));
    optimizer_->load_state_dict(part_of(state, "optimizer."));
    generator_ = to_generator(state, "generator.dropout");
  }

  StateDict model_state() const { return model_->state_dict(); }

 private:
  static data::LoaderOptions loader_options(const TrainConfig& config) {
    return {.batch_size = config.batch_size,
            .generator = {.seed = config.seed, .stream = streams::shuffle},
            .augment = config.augment,
            // Changing a batch takes a thread about a millisecond, which a step hides; copying it
            // unchanged takes too little to be worth one.
            .prefetch_threads = config.augment.any() ? 1 : 0};
  }

  static data::ImageDataset draw_subset(const TrainConfig& config, const data::DatasetPair& data) {
    Generator generator{.seed = config.seed, .stream = streams::subset};
    return data::subset(data.train, config.fraction, generator);
  }

  nn::ModulePtr build_model(const data::ImageDataset& dataset) {
    generator_ = {.seed = config_.seed, .stream = streams::initial_weights};
    return make_model(config_, model_sizes(dataset), generator_);
  }

  EpochResult train_epoch(int epoch) {
    const nn::CrossEntropyLoss loss_function;
    const Stopwatch stopwatch;
    Score score;
    DiagnosticsMean diagnostics;
    data::Batch batch;
    StepResult step{.epoch = epoch, .steps = train_loader_.batch_count()};
    train_loader_.start_epoch();
    while (train_loader_.next(batch)) {
      optimizer_->zero_grad();
      const Tensor logits = (*model_)(batch.images);
      const Tensor loss = loss_function(logits, batch.labels);
      const double value = loss.item();
      ++step.step;
      check_finite(value, "loss", epoch, step.step);
      loss.backward();
      optimizer_->step();

      score.add(value, logits, batch.labels);
      diagnostics.add(last_diagnostics(*optimizer_));
      step.loss = score.loss();
      step.accuracy = score.accuracy();
      step.images_per_second = static_cast<double>(score.images()) / stopwatch.seconds();
      observer_.on_step(step);
      // After the last step, little is missing to save the whole epoch.
      if (interrupted() && step.step < step.steps) {
        throw Interrupted("interrupted in epoch " + std::to_string(epoch) + " after step " +
                          std::to_string(step.step) + " of " + std::to_string(step.steps));
      }
    }
    const double seconds = stopwatch.seconds();
    return {.epoch = epoch,
            .train_loss = score.loss(),
            .train_accuracy = score.accuracy(),
            .seconds = seconds,
            .images_per_second = static_cast<double>(score.images()) / seconds,
            .diagnostics = diagnostics.over(step.step)};
  }

  void check_finite(double value, const char* what, int epoch, std::int64_t step) const {
    if (std::isfinite(value)) return;
    fail("train", what, " is ", value, " at epoch ", epoch, ", step ", step, " (",
         config_.optimizer.name, ", seed ", config_.seed, ", lr ", config_.optimizer.lr,
         "); try a smaller --lr");
  }

  TrainConfig config_;
  TrainingObserver& observer_;
  data::ImageDataset train_set_;
  data::Loader train_loader_;
  data::Loader test_loader_;
  Generator generator_;
  nn::ModulePtr model_;
  std::unique_ptr<optim::Optimizer> optimizer_;
};

Training::Training(const TrainConfig& config, const data::DatasetPair& data,
                   TrainingObserver& observer)
    : run_(std::make_unique<Run>(config, data, observer)) {}

Training::~Training() = default;

EpochResult Training::run_epoch(int epoch) { return run_->run_epoch(epoch); }

StateDict Training::state() const { return run_->state(); }

void Training::restore(const StateDict& state) { run_->restore(state); }

StateDict Training::model_state() const { return run_->model_state(); }

std::int64_t training_size(std::int64_t full_size, double fraction) {
  return std::llround(fraction * static_cast<double>(full_size));
}

std::int64_t step_count(const TrainConfig& config, std::int64_t full_size) {
  const std::int64_t images = training_size(full_size, config.fraction);
  return config.epochs * ((images + config.batch_size - 1) / config.batch_size);
}

std::vector<EpochResult> run_training(const TrainConfig& config, const data::DatasetPair& data,
                                      TrainingObserver& observer) {
  Training run(config, data, observer);
  std::vector<EpochResult> results;
  for (int epoch = 1; epoch <= config.epochs; ++epoch) results.push_back(run.run_epoch(epoch));
  return results;
}

}  // namespace plastic::apps
