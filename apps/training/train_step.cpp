#include "apps/training/train_step.h"

#include "plastic/nn/frozen_statistics.h"

namespace plastic::apps {

TrainStep::TrainStep(nn::Module& model, optim::Optimizer& optimizer, data::Loader& loader,
                     EpochSums& sums, Generator& generator, Device device)
    : model_(model),
      optimizer_(optimizer),
      loader_(loader),
      sums_(sums),
      generator_(generator),
      device_(device) {}

void TrainStep::run() {
  const auto [place, is_first] = recordings_.try_emplace(loader_.batch_size());
  const bool is_captured = device_.type != DeviceType::cpu && optimizer_.is_capturable();
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
  const Tensor logits = model_(batch.images);
  const Tensor loss = loss_(logits, batch.labels);
  if (is_counted) sums_.add(loss, logits, batch.labels);
  loss.backward();
}

}  // namespace plastic::apps
