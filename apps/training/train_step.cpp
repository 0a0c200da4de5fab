#include "apps/training/train_step.h"

#include <vector>

#include "apps/training/interrupt.h"
#include "core/device/class_sums.h"
#include "plastic/nn/frozen_statistics.h"

namespace plastic::apps {

TrainStep::TrainStep(nn::Module& model, optim::Optimizer& optimizer, data::Loader& loader,
                     EpochSums& sums, Generator& generator, Device device,
                     distributed::ShardedBackward* shards)
    : model_(model),
      optimizer_(optimizer),
      loader_(loader),
      sums_(sums),
      generator_(generator),
      device_(device),
      shards_(shards) {}

void TrainStep::run() {
  const auto [place, is_first] = recordings_.try_emplace(loader_.batch_size());
  const bool is_captured =
      device_.type != DeviceType::cpu && optimizer_.is_capturable() && shards_ == nullptr;
  if (is_first || !is_captured) {
    compute_gradients();
    optimizer_.step();
    return;
  }
  // Which parameters have gradients is known from the step before.
  optimizer_.advance();
  std::optional<Recording>& recording = place->second;
  if (!recording) {
    recording.emplace(device_, generator_, [this] {
      compute_gradients();
      optimizer_.apply();
    });
  }
  recording->repeat();
}

void TrainStep::compute_gradients() {
  const data::Batch batch = loader_.gather();
  const Generator before = generator_;
  backward(batch, true);
  if (optimizer_.gradients_per_step() == 1) return;
  // What a run reports, and the running statistics, are those of the weights themselves.
  const nn::FrozenStatistics frozen;
  for (int i = 1; i < optimizer_.gradients_per_step(); ++i) {
    optimizer_.perturb();
    // With the same dropout both gradients are of one function.
    generator_ = before;
    backward(batch, false);
  }
}

void TrainStep::backward(const data::Batch& batch, bool is_counted) {
  optimizer_.zero_grad();
  if (shards_ != nullptr) return backward_in_shards(batch, is_counted);
  const Tensor logits = model_(batch.images);
  const Tensor loss = loss_(logits, batch.labels);
  if (is_counted) sums_.add(loss, logits, batch.labels);
  loss.backward();
}

void TrainStep::backward_in_shards(const data::Batch& batch, bool is_counted) {
  const std::int64_t images = loader_.batch_size();
  const std::int64_t first = shards_->rows(images).first;
  const auto part = [first](const Tensor& whole, const distributed::Rows& rows) {
    return whole.slice(0, rows.first - first, rows.last - first);
  };
  const auto forward = [&](const distributed::Shard& shard) {
    // Each shard has a thread of its own.
    std::optional<nn::FrozenStatistics> frozen;
    if (!is_counted) frozen.emplace();
    const Tensor labels = part(batch.labels, shard.rows);
    const Tensor logits = model_(part(batch.images, shard.rows));
    const Tensor loss = loss_(logits, labels);
    Tensor sums = Tensor::zeros({2}, {.dtype = DType::f64, .device = device_});
    add_class_sums(logits, labels, loss, sums);
    std::vector<double> numbers = sums.to_vector<double>();
    numbers.push_back(interrupted() ? 1 : 0);
    return distributed::ShardResult{.loss = loss, .numbers = numbers};
  };
  const std::vector<double> sums = shards_->run(images, forward);
  if (!is_counted) return;
  sums_.add(sums[0], sums[1]);
  was_interrupted_ = sums[2] > 0;
}

}  // namespace plastic::apps
