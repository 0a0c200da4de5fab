#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/autograd/gradient_slot.h"
#include "core/tensor/storage.h"
#include "plastic/core/tensor.h"

namespace plastic::optim {

/// A parameter's part of the flat blocks, counted in elements.
struct Segment {
  std::int64_t offset = 0;
  std::int64_t numel = 0;
  std::int64_t rank = 0;
  std::size_t group = 0;
  /// Whether the current step changes it; set by gather().
  bool is_stepped = false;
  /// Where steps read its gradient, if not in the block.
  const float* gradient = nullptr;
};

/// The gradients of the parameters in one flat f32 block; further blocks of the same layout can be
/// added. Every parameter's part starts at a multiple of 16 elements (64 bytes). The parameters
/// themselves stay where they are: their memory belongs to whoever holds them.
class Arena {
 public:
  /// Throws Error naming `op`, changing nothing, for a parameter that is not a contiguous f32 leaf,
  /// that is given twice or on another device than the first.
  Arena(const char* op, const std::vector<std::vector<Tensor>>& groups);

  /// Before a step: notes which parameters require a gradient and have one.
  void gather(const char* op);
  /// From now on, steps read the gradient of parameter `index` at `address`, in the CPU's memory;
  /// null: in the block. The parameter's grad() still says whether it has one.
  void read_gradient_at(std::size_t index, const float* address);
  /// Copies those gradients of the current step that are elsewhere into the block.
  void place_gradients();
  /// Tells autograd that the current step's gradients were written to, or its parameters.
  void mark_gradients_changed();
  void mark_parameters_changed();

  std::span<const Segment> segments() const { return segments_; }
  std::span<const Tensor> parameters() const { return parameters_; }
  std::size_t group_count() const { return group_count_; }
  Device device() const { return gradients_->device(); }

  const float* gradients() const { return reinterpret_cast<const float*>(gradients_->data()); }

  /// A parameter's gradient where steps read it, of its shape.
  Tensor gradient(std::size_t index) const;
  /// All gradients and the padding between them, flat.
  Tensor gradient_block() const;
  /// A block of zeros of this layout, and the part of one that belongs to parameter `index`, in its
  /// shape.
  Tensor new_block() const;
  Tensor view(const Tensor& block, std::size_t index) const;

 private:
  std::shared_ptr<Storage> new_block_storage() const;

  std::vector<Tensor> parameters_;
  std::vector<Segment> segments_;
  std::vector<std::shared_ptr<GradientSlot>> slots_;
  std::size_t group_count_;
  std::int64_t elements_ = 0;
  std::shared_ptr<Storage> gradients_;
};

}  // namespace plastic::optim
