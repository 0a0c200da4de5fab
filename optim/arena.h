#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/storage.h"
#include "plastic/core/tensor.h"

namespace plastic::optim {

/// Where a parameter lies in the flat blocks, counted in elements.
struct Segment {
  std::int64_t offset = 0;
  std::int64_t numel = 0;
  std::int64_t rank = 0;
  std::size_t group = 0;
  /// Whether the step at hand has a gradient for it; set by gather().
  bool has_grad = false;
};

/// Parameters in one flat f32 block and their gradients in a second, with room for more blocks of
/// the same layout. Every parameter starts at a multiple of 16 elements (64 bytes).
class Arena {
 public:
  /// Moves the parameters in. Throws Error naming `op`, moving nothing, for one that is not a
  /// contiguous f32 leaf that requires a gradient, that is empty, given twice or on another device
  /// than the first.
  Arena(const char* op, const std::vector<std::vector<Tensor>>& groups);

  /// Before a step: takes back parameters that were moved elsewhere since, copies gradients that
  /// were set from outside into their place, and notes who has one.
  void gather(const char* op);
  /// After a step: tells autograd that the parameters have changed.
  void mark_changed() { values_->bump_version(); }

  std::span<const Segment> segments() const { return segments_; }
  std::span<const Tensor> parameters() const { return parameters_; }
  std::size_t group_count() const { return group_count_; }
  Device device() const { return values_->device(); }

  float* values() const { return reinterpret_cast<float*>(values_->data()); }
  const float* gradients() const { return reinterpret_cast<const float*>(gradients_->data()); }

  /// All gradients and the padding between them, flat.
  Tensor gradient_block() const;
  /// A block of zeros of this layout, and the part of one that belongs to parameter `index`, in its
  /// shape.
  Tensor new_block() const;
  Tensor view(const Tensor& block, std::size_t index) const;

 private:
  void adopt(std::size_t index);
  std::shared_ptr<Storage> new_block_storage() const;

  std::vector<Tensor> parameters_;
  std::vector<Segment> segments_;
  std::vector<Tensor> slots_;
  std::size_t group_count_;
  std::int64_t elements_ = 0;
  std::shared_ptr<Storage> values_;
  std::shared_ptr<Storage> gradients_;
};

}  // namespace plastic::optim
