#include "apps/training/training.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "apps/cli/values.h"
#include "apps/training/divergence.h"
#include "apps/training/epoch_sums.h"
#include "apps/training/evaluation.h"
#include "apps/training/fingerprint.h"
#include "apps/training/interrupt.h"
#include "apps/training/last_batch.h"
#include "apps/training/model_choice.h"
#include "apps/training/schedules.h"
#include "apps/training/stopwatch.h"
#include "apps/training/train_step.h"
#include "apps/training/training_part.h"
#include "core/check.h"
#include "core/threads/float_mode.h"
#include "optim/numbers.h"
#include "plastic/data/loader.h"
#include "plastic/nn/update_batch_norm.h"
#include "plastic/optim/optimizer.h"
#include "plastic/training_state.h"
#include "training/prefixed_state.h"

namespace plastic::apps {
namespace {

// The prefix of what an unfinished epoch has in the state of a run.
constexpr const char* epoch_prefix = "epoch.";

constexpr const char* probe_prefix = "probe.";

// How often the sums of an epoch are fetched from a device, which interrupts its work; as often as
// a display shows them.
constexpr double seconds_between_readings = 0.1;

// Batches from which the running statistics of batch normalisations are computed for weights that
// none has passed through; as many as the authors of schedule-free learning use.
constexpr int statistics_batches = 50;

bool has_running_statistics(const nn::Module& model) {
  return std::ranges::any_of(model.named_buffers(), [](const NamedTensor& buffer) {
    return buffer.name.ends_with("running_mean");
  });
}

}  // namespace

class Training::Run {
 public:
  Run(const TrainConfig& config, const data::DatasetPair& data, TrainingObserver& observer,
      distributed::Communicator& among)
      : config_(config),
        observer_(observer),
        among_(among),
        part_(training_part(config, data.train)),
        model_(build_model(data.train)),
        optimizer_(make_optimizer(config.optimizer, model_->parameters())),
        shards_(make_shards()),
        train_loader_(part_.train, loader_options(data.train)),
        test_loader_(data.test, evaluation_options(config)),
        scheduler_(*optimizer_, make_schedule(config, train_loader_.batch_count())),
        sums_(config.device),
        step_(*model_, *optimizer_, train_loader_, sums_, generator_, config.device,
              shards_.get()) {
    if (part_.validation) validation_loader_.emplace(*part_.validation, evaluation_options(config));
    if (config.probe) probe_.emplace(*optimizer_, model_->named_parameters(), *config.probe);
    // The model keeps a reference to its generator: from here on it draws dropout.
    generator_ = {.seed = config.seed, .stream = streams::dropout};
  }

  EpochResult run_epoch(int epoch) {
    // The forward pass, too: activations may be as small as gradients.
    const DefaultFlush flush;
    optimizer_->train();
    optimizer_->set_epoch(epoch, config_.epochs);
    EpochResult result = train_epoch(epoch);
    check_networks_agree(epoch);
    optimizer_->eval();
    // For averaged weights, running statistics do not follow from what training saw.
    if (optimizer_->is_evaluating() && has_running_statistics(*model_)) update_statistics();
    if (validation_loader_) {
      const EpochSums validation = evaluate_after(epoch, *validation_loader_, "validation");
      result.validation_loss = validation.loss();
      result.validation_accuracy = validation.accuracy();
    }
    const EpochSums test = evaluate_after(epoch, test_loader_, "test");
    in_epoch_ = false;
    result.test_loss = test.loss();
    result.test_accuracy = test.accuracy();
    observer_.on_epoch(result);
    return result;
  }

  StateDict state() {
    // run_epoch() goes back to training.
    optimizer_->eval();
    StateDict all = training_state(parts());
    if (probe_) append(all, probe_prefix, probe_->state_dict());
    if (in_epoch_) {
      append(all, epoch_prefix, sums_.state());
      all.push_back({std::string(epoch_prefix) + "seconds",
                     Tensor::full({}, seconds_, {.dtype = DType::f64})});
    }
    return all;
  }

  void restore(const StateDict& state) {
    restore_training(parts(), rest_of(state, {probe_prefix, epoch_prefix}));
    if (probe_) probe_->load_state_dict(part_of(state, probe_prefix));
    const StateDict epoch = part_of(state, epoch_prefix);
    in_epoch_ = !epoch.empty();
    if (!in_epoch_) return;
    sums_.restore(epoch, diagnostic_names());
    seconds_ = optim::number_of("resume", epoch, "seconds");
    if (!(seconds_ >= 0 && std::isfinite(seconds_))) {
      fail("resume", "\"seconds\" of the current epoch is ", seconds_,
           ", expected a number of 0 or more");
    }
  }

  StateDict model_state() const {
    optimizer_->eval();
    return model_->state_dict();
  }

  const optim::Probe* probe() const { return probe_ ? &*probe_ : nullptr; }
  void on_probe(std::function<void(const ProbedStep&)> sink) { probe_sink_ = std::move(sink); }
  std::int64_t steps_per_epoch() const { return train_loader_.batch_count(); }
  const TrainConfig& config() const { return config_; }
  distributed::Communicator& among() const { return among_; }

 private:
  data::LoaderOptions loader_options(const data::ImageDataset& train) const {
    data::LoaderOptions options{
        .batch_size = config_.batch_size,
        .drop_last = leaves_out_last_batch(config_, train),
        .generator = {.seed = config_.seed, .stream = streams::shuffle},
        .augment = config_.augment,
        // Changing a batch takes a thread about a millisecond, which a step hides; copying it
        // unchanged takes too little to be worth one.
        .prefetch_threads = std::max(config_.prefetch_threads, config_.augment.any() ? 1 : 0),
        .device = config_.device};
    if (config_.shards) {
      options.part = [this](std::int64_t batch) {
        const distributed::Rows rows = shards_->rows(batch);
        return std::pair(rows.first, rows.last);
      };
    }
    return options;
  }

  std::unique_ptr<distributed::ShardedBackward> make_shards() {
    if (!config_.shards) {
      if (among_.size() == 1) return nullptr;
      fail("train", among_.size(),
           " ranks cannot share batches that are computed as a whole; give ", "shards");
    }
    return std::make_unique<distributed::ShardedBackward>(
        *optimizer_, distributed::ShardOptions{.shards = *config_.shards, .generator = &generator_},
        among_);
  }

  static data::LoaderOptions evaluation_options(const TrainConfig& config) {
    return {.batch_size = evaluation_batch, .shuffle = false, .device = config.device};
  }

  TrainingParts parts() {
    return {.model = model_.get(),
            .optimizer = optimizer_.get(),
            .scheduler = &scheduler_,
            .loader = &train_loader_,
            .generators = {{"dropout", &generator_}}};
  }

  nn::ModulePtr build_model(const data::ImageDataset& dataset) {
    generator_ = {.seed = config_.seed, .stream = streams::initial_weights};
    // On the CPU first: a seed's initial weights are the same on all devices.
    nn::ModulePtr model = make_model(config_, model_sizes(dataset), generator_);
    model->to(config_.device);
    return model;
  }

  // Whatever made ranks compute other bits, such as an unequal mathematical library, nothing that
  // follows would be right.
  void check_networks_agree(int epoch) const {
    if (among_.size() == 1) return;
    std::vector<Tensor> tensors;
    for (const NamedTensor& one : model_->state_dict()) tensors.push_back(one.tensor);
    distributed::check_same("network after epoch " + std::to_string(epoch), fingerprint(tensors),
                            among_);
  }

  // The same batches after every epoch, so that a resumed run has the same statistics.
  void update_statistics() {
    if (!statistics_loader_) {
      statistics_loader_.emplace(
          part_.train,
          data::LoaderOptions{.batch_size = config_.batch_size,
                              .drop_last = part_.train.size() >= config_.batch_size,
                              .generator = {.seed = config_.seed, .stream = streams::statistics},
                              .augment = config_.augment,
                              .device = config_.device});
      statistics_start_ = statistics_loader_->state();
    }
    const Generator dropout = generator_;
    statistics_loader_->restore(statistics_start_);
    statistics_loader_->start_epoch();
    int batches = 0;
    nn::update_batch_norm(*model_, [&] {
      data::Batch batch;
      const bool has_one = batches++ < statistics_batches && statistics_loader_->next(batch);
      return has_one ? batch.images : Tensor();
    });
    generator_ = dropout;
  }

  // `what` the images are for: "test".
  EpochSums evaluate_after(int epoch, data::Loader& loader, const std::string& what) {
    try {
      EpochSums sums = evaluate(*model_, loader, config_.device, among_);
      const std::int64_t steps = train_loader_.batch_count();
      check_finite(sums.loss(), "the " + what + " loss", epoch, steps, steps);
      return sums;
    } catch (const Interrupted&) {
      throw Interrupted("interrupted during the " + what + " after epoch " + std::to_string(epoch));
    }
  }

  // Begins the epoch, or continues the one that was interrupted.
  EpochResult train_epoch(int epoch) {
    const Stopwatch stopwatch;
    if (!in_epoch_) {
      sums_.clear();
      seconds_ = 0.0;
      train_loader_.start_epoch();
    }
    in_epoch_ = true;
    const double seconds_before = seconds_;
    StepResult step{.epoch = epoch, .step = sums_.batches(), .steps = train_loader_.batch_count()};
    std::int64_t read_step = step.step;
    const auto read = [&] {
      sums_.read();
      seconds_ = seconds_before + stopwatch.seconds();
      check_finite(sums_.loss(), "the loss", epoch, read_step + 1, step.step);
      read_step = step.step;
      step.loss = sums_.loss();
      step.accuracy = sums_.accuracy();
      step.images_per_second = static_cast<double>(sums_.images()) / seconds_;
    };
    double next_reading = 0.0;
    while (train_loader_.advance()) {
      const bool wants_loss = observer_.wants_batch_loss(step.step + 1, step.steps);
      step.batch_loss = run_step(epoch, wants_loss);
      ++step.step;
      if (!is_ahead() || wants_loss || stopwatch.seconds() >= next_reading ||
          step.step == step.steps) {
        read();
        next_reading = stopwatch.seconds() + seconds_between_readings;
      }
      observer_.on_step(step);
      // On several ranks, all must stop after the same step. After the last step the evaluation
      // notices it.
      const bool stops = among_.size() == 1 ? interrupted() : step_.was_interrupted();
      if (stops && step.step < step.steps) {
        read();
        throw Interrupted("interrupted in epoch " + std::to_string(epoch) + " after step " +
                          std::to_string(step.step) + " of " + std::to_string(step.steps));
      }
    }
    return result_of(epoch, step.steps);
  }

  // A step on the batch that the loader has advanced to; gives the loss of that batch before the
  // step where it is wanted.
  std::optional<double> run_step(int epoch, bool wants_loss) {
    const bool is_probed = probe_ && probe_->is_next_probed();
    if (is_probed || wants_loss) sums_.read();
    const double loss_before = sums_.loss_sum();
    const double rate = optimizer_->lr();
    if (probe_) probe_->before_step();
    step_.run();
    const optim::ProbeReading* const reading = probe_ ? probe_->after_step() : nullptr;
    scheduler_.step();
    const std::int64_t images = train_loader_.batch_size();
    sums_.count(images, last_diagnostics(*optimizer_));
    const bool is_shown = reading != nullptr && probe_sink_;
    if (!is_shown && !wants_loss) return std::nullopt;
    sums_.read();
    const double loss = (sums_.loss_sum() - loss_before) / static_cast<double>(images);
    if (is_shown) {
      probe_sink_({.epoch = epoch, .loss = loss, .learning_rate = rate, .reading = *reading});
    }
    return wants_loss ? std::optional(loss) : std::nullopt;
  }

  // Whether steps are still to be done when they were asked for.
  bool is_ahead() const { return config_.device.type != DeviceType::cpu && !shards_; }

  EpochResult result_of(int epoch, std::int64_t steps) const {
    const std::int64_t middle = (epoch - 1) * steps + steps / 2;
    EpochResult result{.epoch = epoch};
    result.learning_rate = make_schedule(config_, steps).lr(middle, config_.optimizer.lr);
    result.train_loss = sums_.loss();
    result.train_accuracy = sums_.accuracy();
    result.seconds = seconds_;
    result.images_per_second = static_cast<double>(sums_.images()) / seconds_;
    result.diagnostics = sums_.diagnostics();
    return result;
  }

  // `value` came about in the steps from `first` to `last`.
  void check_finite(double value, const std::string& what, int epoch, std::int64_t first,
                    std::int64_t last) const {
    if (std::isfinite(value)) return;
    const std::string place =
        first == last ? "step " + std::to_string(last)
                      : "between steps " + std::to_string(first) + " and " + std::to_string(last);
    const std::string where = what + (std::isnan(value) ? " is not a number" : " is infinite") +
                              " in epoch " + std::to_string(epoch) + ", " + place;
    throw Diverged("[train] the run diverged: " + where + " (" + config_.optimizer.name +
                       ", seed " + std::to_string(config_.seed) + ", lr " +
                       brief(config_.optimizer.lr) + "); try " +
                       divergence_remedy(config_.optimizer),
                   epoch, where);
  }

  TrainConfig config_;
  TrainingObserver& observer_;
  distributed::Communicator& among_;
  TrainingPart part_;
  Generator generator_;
  nn::ModulePtr model_;
  std::unique_ptr<optim::Optimizer> optimizer_;
  // Null where each batch is computed as a whole. The loader's threads ask it for their part.
  std::unique_ptr<distributed::ShardedBackward> shards_;
  data::Loader train_loader_;
  std::optional<data::Loader> validation_loader_;
  data::Loader test_loader_;
  std::optional<data::Loader> statistics_loader_;
  data::LoaderState statistics_start_;
  optim::Scheduler scheduler_;
  std::optional<optim::Probe> probe_;
  std::function<void(const ProbedStep&)> probe_sink_;
  // State of the current epoch.
  bool in_epoch_ = false;
  EpochSums sums_;
  double seconds_ = 0.0;
  TrainStep step_;
};

Training::Training(const TrainConfig& config, const data::DatasetPair& data,
                   TrainingObserver& observer, distributed::Communicator& among)
    : run_(std::make_unique<Run>(config, data, observer, among)) {}

Training::~Training() = default;

EpochResult Training::run_epoch(int epoch) { return run_->run_epoch(epoch); }

const optim::Probe* Training::probe() const { return run_->probe(); }

void Training::on_probe(std::function<void(const ProbedStep&)> sink) {
  run_->on_probe(std::move(sink));
}

std::int64_t Training::steps_per_epoch() const { return run_->steps_per_epoch(); }

const TrainConfig& Training::config() const { return run_->config(); }

distributed::Communicator& Training::among() const { return run_->among(); }

StateDict Training::state() const { return run_->state(); }

void Training::restore(const StateDict& state) { run_->restore(state); }

StateDict Training::model_state() const { return run_->model_state(); }

std::int64_t steps_done(const StateDict& state) {
  return optim::count_of("resume", state, "schedule.time");
}

std::int64_t steps_into_epoch(const StateDict& state) {
  const StateDict epoch = part_of(state, epoch_prefix);
  if (epoch.empty()) return 0;
  EpochSums sums;
  sums.restore(epoch);
  return sums.batches();
}

std::int64_t steps_per_epoch(const TrainConfig& config, const data::ImageDataset& train) {
  const std::int64_t images = training_size(config, train);
  const bool has_rest = images % config.batch_size != 0;
  return images / config.batch_size + (has_rest && !leaves_out_last_batch(config, train) ? 1 : 0);
}

std::vector<EpochResult> run_training(const TrainConfig& config, const data::DatasetPair& data,
                                      TrainingObserver& observer) {
  Training run(config, data, observer);
  std::vector<EpochResult> results;
  for (int epoch = 1; epoch <= config.epochs; ++epoch) results.push_back(run.run_epoch(epoch));
  return results;
}

}  // namespace plastic::apps
