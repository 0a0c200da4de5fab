#pragma once

#include <span>

namespace plastic {

/// What a part of a batch, which is computed by itself, knows of the other parts: enough for batch
/// normalisations to be those of the whole batch. All parts run the same operations in the same
/// order and meet in each sum().
class BatchSums {
 public:
  virtual ~BatchSums() = default;

  /// Adds up what the parts give, each as many numbers, in an order that does not depend on who
  /// computes which part; every part gets the sums.
  virtual void sum(std::span<double> numbers) = 0;
  /// Whether this part is the one of its process that moves running statistics, which are the same
  /// in all.
  virtual bool is_first() const = 0;
};

/// The one of the BatchPart that lives on this thread; null where none does, and a batch is whole.
BatchSums* batch_sums();

/// While one lives, this thread computes a part of a batch.
class BatchPart {
 public:
  explicit BatchPart(BatchSums& sums);
  ~BatchPart();
  BatchPart(const BatchPart&) = delete;
  BatchPart& operator=(const BatchPart&) = delete;

 private:
  BatchSums* before_;
};

}  // namespace plastic
