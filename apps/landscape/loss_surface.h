#pragma once

#include <cstdint>
#include <vector>

#include "apps/training/training.h"
#include "plastic/core/random.h"
#include "plastic/data/loader.h"
#include "plastic/nn/module.h"

namespace plastic::apps {

/// All that a network's output depends on in evaluation mode, as one vector: its parameters and
/// then its running statistics.
using Weights = std::vector<double>;

double dot(const Weights& a, const Weights& b);
/// a + factor·b.
Weights plus(Weights a, double factor, const Weights& b);

/// The loss of a run's network as a function of its weights, on images that it trains on, in
/// evaluation mode.
class LossSurface {
 public:
  /// `train` is the whole training set.
  LossSurface(const TrainConfig& config, const data::ImageDataset& train, std::int64_t images);

  std::int64_t image_count() const { return images_.labels.numel(); }
  /// Throws Error for the state of another network.
  Weights weights_of(const StateDict& state);
  /// A variance below 0, which a plane through some weights may lead to, counts as 0.
  double loss(const Weights& weights);
  /// A random direction, normal in every element, in which each filter (a row of a tensor of rank 2
  /// or more) is as long as that of `weights`; biases, the weights of normalisations and running
  /// statistics stay where they are. Li et al., "Visualizing the loss landscape of neural nets"
  /// (arXiv 1712.09913, section 4).
  Weights random_direction(const Weights& weights, Generator& generator) const;

 private:
  /// Calls visit(tensor, first) for all tensors of the vector.
  template <class Visit>
  void each_tensor(const Visit& visit) const;

  Generator generator_;
  nn::ModulePtr model_;
  data::Batch images_;
  std::vector<NamedTensor> tensors_;
  std::size_t parameter_tensors_ = 0;
  std::size_t size_ = 0;
};

}  // namespace plastic::apps
