#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "core/tensor/storage.h"
#include "plastic/nn/batch_norm.h"
#include "plastic/nn/module.h"

namespace plastic::nn {

/// A layer's weight (its first axis being that of the channels) and bias with the evaluation-mode
/// normalisation of its result folded in, computed in f64. `bias` may be undefined. Requires
/// running statistics of as many channels.
struct FoldedWeights {
  Tensor weight, bias;
};
FoldedWeights fold(const Tensor& weight, const Tensor& bias, const BatchNorm& norm);

/// Applies a Conv2d or Linear and the BatchNorm after it, all of exactly these classes. On the CPU,
/// in evaluation mode and where nothing is recorded, the normalisation becomes a part of the
/// layer's weights, which are kept until one of the tensors that they were made of changes. Any
/// number of threads may use one at once.
class FoldedNorm {
 public:
  /// The activation of norm(layer(x)) + skip; `skip` may be undefined.
  Tensor forward(Module& layer, BatchNorm& norm, const Tensor& x, const Tensor& skip,
                 Activation activation);

 private:
  /// The contents of a tensor at one time.
  struct Contents {
    std::weak_ptr<Storage> storage;
    std::int64_t offset = 0;
    std::uint64_t version = 0;
    Shape shape, strides;

    Contents() = default;
    explicit Contents(const Tensor& tensor);
    bool are_those_of(const Tensor& tensor) const;
  };
  struct Kept {
    std::array<Contents, 6> sources;
    /// None where they are not finite.
    std::optional<FoldedWeights> weights;
    /// With these statistics a normalisation changes nothing: it adds the skip connection.
    Tensor zeros, ones;
  };
  using Sources = std::array<Tensor, 6>;

  std::shared_ptr<const Kept> kept_for(const Sources& sources, const BatchNorm& norm);

  /// What is kept, and its exchange for something else, which returns what was kept before.
  std::shared_ptr<const Kept> kept() const;
  std::shared_ptr<const Kept> exchange(std::shared_ptr<const Kept> next);

  /// Guarded by one lock for all objects, which a fork() waits for.
  std::shared_ptr<const Kept> kept_;
};

}  // namespace plastic::nn
