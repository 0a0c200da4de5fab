#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "apps/training/optimizers.h"
#include "plastic/core/device.h"
#include "plastic/core/error.h"
#include "plastic/core/state_dict.h"
#include "plastic/data/augment.h"
#include "plastic/data/dataset.h"
#include "plastic/data/label_noise.h"
#include "plastic/distributed.h"
#include "plastic/optim/probe.h"

namespace plastic::apps {

/// What the random numbers of a run are for. Each use has its own stream of the run's seed, so that
/// a change in one (another optimizer, more epochs) leaves the others as they are.
namespace streams {
constexpr std::uint64_t initial_weights = 0;
constexpr std::uint64_t dropout = 1;
constexpr std::uint64_t shuffle = 2;
constexpr std::uint64_t subset = 3;
constexpr std::uint64_t validation = 4;
constexpr std::uint64_t label_noise = 5;
constexpr std::uint64_t statistics = 6;
}  // namespace streams

/// How the learning rate goes: constant, to 0 at the end of the run along half a cosine, or up and
/// down in one cycle.
enum class LrSchedule { constant, cosine, one_cycle };

/// Thrown when the loss of a run stops being finite.
class Diverged : public Error {
 public:
  /// `where` is the message without the names of the run: "the loss is not a number in ...".
  Diverged(const std::string& message, int epoch, std::string where)
      : Error(message), epoch_(epoch), where_(std::move(where)) {}

  /// The epoch under way, from 1.
  int epoch() const { return epoch_; }
  const std::string& where() const { return where_; }

 private:
  int epoch_;
  std::string where_;
};

struct TrainConfig {
  /// Share of the training set, drawn separately for each seed.
  double fraction = 1.0;
  /// Images of each class to draw in place of a fraction of all, separately for each seed.
  std::optional<std::int64_t> limit_per_class = {};
  /// Share of the drawn images to set aside, class by class, to choose by; 0 for none. The rest is
  /// trained on.
  double validation = 0.0;
  /// Share of the labels that are trained on to make wrong, and how. The labels of the validation
  /// part and of the test set stay as they are.
  double label_noise = 0.0;
  data::LabelNoise label_noise_kind = data::LabelNoise::symmetric;
  /// One of model_names().
  std::string model = "mlp";
  /// Sizes of mlp's hidden layers; its default when left out.
  std::optional<std::vector<std::int64_t>> hidden = {};
  /// After the fully connected layers; the model's default when left out.
  std::optional<double> dropout = {};
  OptimizerSettings optimizer = {};
  int epochs = 10;
  std::int64_t batch_size = 128;
  /// Leaves out a last batch that is not full.
  bool drop_last = false;
  /// Shards that each batch is computed in, for several ranks to share: distributed::ShardOptions.
  /// Empty: each batch is computed as a whole, by one process.
  std::optional<int> shards = {};
  /// Random changes to the training images.
  data::AugmentOptions augment = {};
  std::uint64_t seed = 41;
  LrSchedule schedule = LrSchedule::constant;
  /// Epochs in which the learning rate rises to where the schedule begins.
  int warmup_epochs = 0;
  /// Threads that prepare batches ahead; no result depends on it.
  int prefetch_threads = 0;
  /// Where the run computes and keeps its data.
  Device device = {};
  /// Reads steps for somebody who asks with Training::on_probe(); no result depends on it.
  std::optional<optim::ProbeOptions> probe = {};
};

struct EpochResult {
  int epoch = 0;
  /// Over the epoch's training batches as they were met: in training mode, before each step.
  double train_loss = 0.0;
  double train_accuracy = 0.0;
  /// Over the validation part in evaluation mode, after the epoch; empty where none is set aside.
  std::optional<double> validation_loss = {};
  std::optional<double> validation_accuracy = {};
  /// Over the whole test set in evaluation mode, after the epoch.
  double test_loss = 0.0;
  double test_accuracy = 0.0;
  /// Training alone, without the evaluation.
  double seconds = 0.0;
  double images_per_second = 0.0;
  /// That of the step in the middle of the epoch.
  double learning_rate = 0.0;
  /// NeuroPlastic's, means over the epoch's steps; empty when off.
  Diagnostics diagnostics = {};
};

struct StepResult {
  int epoch = 0;
  /// Steps done in this epoch, and how many it has.
  std::int64_t step = 0;
  std::int64_t steps = 0;
  /// Over the epoch so far; of a CUDA device, which works behind the host, as far as it was when it
  /// was last waited for: ten times a second.
  double loss = 0.0;
  double accuracy = 0.0;
  double images_per_second = 0.0;
  /// The loss of the step's own batch, before the step; known where it was asked for.
  std::optional<double> batch_loss = {};
};

/// A step that the run's probe read.
struct ProbedStep {
  /// The epoch under way, from 1.
  int epoch = 0;
  /// The loss of the step's batch, before the step.
  double loss = 0.0;
  /// That of the first group of parameters.
  double learning_rate = 0.0;
  /// Its step counts over all epochs.
  const optim::ProbeReading& reading;
};

/// Follows a training run; does nothing unless overridden.
class TrainingObserver {
 public:
  virtual ~TrainingObserver() = default;
  /// Whether on_step() is to know the loss of the batch alone in step number `step` of an epoch of
  /// `steps`; a CUDA device is waited for before that step and after it.
  virtual bool wants_batch_loss(std::int64_t step, std::int64_t steps) const {
    static_cast<void>(step);
    static_cast<void>(steps);
    return false;
  }
  virtual void on_step(const StepResult&) {}
  virtual void on_epoch(const EpochResult&) {}
};

/// Optimizer steps of an epoch; `train` is the whole training set.
std::int64_t steps_per_epoch(const TrainConfig& config, const data::ImageDataset& train);

/// One run: a network, its optimizer and the data they meet. The same configuration, data and
/// number of threads give the same results but for the times.
class Training {
 public:
  /// On several ranks each has the same arguments but for the observer, and calls the same
  /// functions. All must outlive it. Throws Error for several ranks without shards.
  Training(const TrainConfig& config, const data::DatasetPair& data, TrainingObserver& observer,
           distributed::Communicator& among = distributed::alone());
  ~Training();
  Training(const Training&) = delete;
  Training& operator=(const Training&) = delete;

  /// Trains for an epoch, evaluates and tells the observer. Epochs count from 1. Throws Diverged
  /// when the loss stops being finite, naming epoch and step, and Interrupted after the step or the
  /// batch of the evaluation in which interrupted() became true. An epoch that was interrupted is
  /// continued, and only evaluated where its steps were done.
  EpochResult run_epoch(int epoch);

  /// Null unless config.probe asks for one.
  const optim::Probe* probe() const;
  /// Calls `sink` after each step that the probe read, which a CUDA device waits for.
  void on_probe(std::function<void(const ProbedStep&)> sink);
  /// Steps in an epoch.
  std::int64_t steps_per_epoch() const;
  const TrainConfig& config() const;
  /// The ranks that share in the run.
  distributed::Communicator& among() const;

  /// Between two steps, everything that later ones depend on: "model.", "optimizer.", "schedule."
  /// and, where there is one, "probe." before the names of their own, the generator of dropout and
  /// the state of the loader; within an epoch, under "epoch.", also what its steps add up to. The
  /// model's weights are those to evaluate and to use, which an optimizer may keep beside those of
  /// training.
  StateDict state() const;
  /// Goes on from `state`, bit for bit. Throws Error for the state of another configuration.
  void restore(const StateDict& state);
  /// The network's alone, with the weights to evaluate.
  StateDict model_state() const;

 private:
  class Run;
  std::unique_ptr<Run> run_;
};

/// Steps done in all until a state of Training was taken.
std::int64_t steps_done(const StateDict& state);

/// Steps done in the epoch that a state of Training was taken in; 0 between two epochs.
std::int64_t steps_into_epoch(const StateDict& state);

/// All epochs of a run.
std::vector<EpochResult> run_training(const TrainConfig& config, const data::DatasetPair& data,
                                      TrainingObserver& observer);

}  // namespace plastic::apps
