#include "apps/landscape/loss_surface.h"

#include <algorithm>
#include <cmath>

#include "apps/training/evaluation.h"
#include "apps/training/model_choice.h"
#include "apps/training/training_images.h"
#include "plastic/core/autograd.h"
#include "plastic/core/ops.h"
#include "plastic/nn/loss.h"

namespace plastic::apps {

double dot(const Weights& a, const Weights& b) {
  double sum = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

Weights plus(Weights a, double factor, const Weights& b) {
  for (std::size_t i = 0; i < a.size(); ++i) a[i] += factor * b[i];
  return a;
}

LossSurface::LossSurface(const TrainConfig& config, const data::ImageDataset& train,
                         std::int64_t images)
    : model_(make_model(config, model_sizes(train), generator_)),
      images_(training_images(config, train, images)),
      tensors_(model_->named_parameters()) {
  model_->eval();
  parameter_tensors_ = tensors_.size();
  for (const NamedTensor& buffer : model_->named_buffers()) {
    if (buffer.tensor.dtype() == DType::f32) tensors_.push_back(buffer);
  }
  for (const NamedTensor& entry : tensors_) {
    size_ += static_cast<std::size_t>(entry.tensor.numel());
  }
}

template <class Visit>
void LossSurface::each_tensor(const Visit& visit) const {
  std::size_t first = 0;
  for (std::size_t i = 0; i < tensors_.size(); ++i) {
    visit(i, first);
    first += static_cast<std::size_t>(tensors_[i].tensor.numel());
  }
}

Weights LossSurface::weights_of(const StateDict& state) {
  model_->load_state_dict(state);
  Weights weights;
  weights.reserve(size_);
  for (const NamedTensor& entry : tensors_) {
    const std::vector<float> values = entry.tensor.detach().to_vector<float>();
    weights.insert(weights.end(), values.begin(), values.end());
  }
  return weights;
}

double LossSurface::loss(const Weights& weights) {
  const NoGrad no_grad;
  each_tensor([&](std::size_t i, std::size_t first) {
    const bool is_variance = tensors_[i].name.ends_with("running_var");
    std::vector<float> values;
    const auto count = static_cast<std::size_t>(tensors_[i].tensor.numel());
    for (std::size_t j = first; j < first + count; ++j) {
      values.push_back(static_cast<float>(is_variance ? std::max(0.0, weights[j]) : weights[j]));
    }
    tensors_[i].tensor.detach().copy_(Tensor::from(values, tensors_[i].tensor.shape()));
  });
  const nn::CrossEntropyLoss criterion;
  double sum = 0.0;
  const std::int64_t count = image_count();
  for (std::int64_t first = 0; first < count; first += evaluation_batch) {
    const std::int64_t end = std::min(count, first + evaluation_batch);
    const Tensor logits = (*model_)(images_.images.slice(0, first, end));
    const Tensor labels = images_.labels.slice(0, first, end);
    sum += criterion(logits, labels).item() * static_cast<double>(end - first);
  }
  return sum / static_cast<double>(count);
}

Weights LossSurface::random_direction(const Weights& weights, Generator& generator) const {
  Weights direction(size_, 0.0);
  each_tensor([&](std::size_t i, std::size_t first) {
    const Tensor& tensor = tensors_[i].tensor;
    if (i >= parameter_tensors_ || tensor.rank() < 2) return;
    const auto draws = normal(tensor.shape(), 0, 1, generator, DType::f64).to_vector<double>();
    const auto filter = static_cast<std::size_t>(tensor.numel() / tensor.size(0));
    for (std::size_t start = 0; start < draws.size(); start += filter) {
      double own = 0.0;
      double drawn = 0.0;
      for (std::size_t j = start; j < start + filter; ++j) {
        own += weights[first + j] * weights[first + j];
        drawn += draws[j] * draws[j];
      }
      const double scale = drawn > 0.0 ? std::sqrt(own / drawn) : 0.0;
      for (std::size_t j = start; j < start + filter; ++j) direction[first + j] = scale * draws[j];
    }
  });
  return direction;
}

}  // namespace plastic::apps
