#include "apps/training/train_step.h"

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
    backward();
    optimizer_.step();
    return;
  }
  // Which parameters have gradients is known from the step before.
  optimizer_.advance();
  std::optional<Recording>& recording = place->second;
  if (!recording) {
    recording.emplace(device_, generator_, [this] {
      backward();
      optimizer_.apply();
    });
  }
  recording->repeat();
}

void TrainStep::backward() {
  optimizer_.zero_grad();
  const data::Batch batch = loader_.gather();
  const Tensor logits = model_(batch.images);
  const Tensor loss = loss_(logits, batch.labels);
  sums_.add(loss, logits, batch.labels);
  loss.backward();
}

}  // namespace plastic::apps
