#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "plastic/core/tensor.h"

namespace plastic {

class Storage;

/// What a kernel made of a weight: packed panels, transformed kernels. Memory of the CPU.
class WeightForm {
 public:
  /// Contents are unspecified. Throws Error when memory is out.
  explicit WeightForm(std::size_t bytes);
  ~WeightForm();
  WeightForm(const WeightForm&) = delete;
  WeightForm& operator=(const WeightForm&) = delete;

  void* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }

 private:
  std::size_t bytes_;
  void* data_;
};

/// Tells forms of one weight apart: which kernel's it is, and all that it depends on besides the
/// weight's contents (dtype, sizes, strides, length of vectors).
using FormKind = std::array<std::int64_t, 6>;

/// Announces, while it lives, to the kernels that its thread calls that a weight will be the same
/// in the next call, so that what they make of it pays if it is kept: the weight is not being
/// trained, or its thread computes a part of a batch (BatchPart), of which there are others. A form
/// belongs to a storage and its version: any write that is counted (Tensor::version()) makes it
/// invalid, and it is freed with the storage. All forms together take at most weight_form_limit()
/// bytes; what exceeds it is made in each call. Weights of more than 64 MiB are not announced.
///
/// Any thread may use any weight; two that make the same form at once both make it.
class ConstantWeight {
 public:
  /// For a forward pass: the weight is being trained where it is recorded and needs a gradient. If
  /// it is, and the batch is whole, it loses the forms that its last step made invalid.
  explicit ConstantWeight(const Tensor& weight);
  /// For a backward pass, in which nothing tells.
  ConstantWeight(const Tensor& weight, bool is_trained);
  ~ConstantWeight();
  ConstantWeight(const ConstantWeight&) = delete;
  ConstantWeight& operator=(const ConstantWeight&) = delete;

  /// The announcement of the weight whose first element is there, or null.
  static const ConstantWeight* at(const void* memory);

  /// Whether it is not being trained: its forms are for many calls, and not for the parts of one
  /// batch alone.
  bool is_lasting() const { return is_lasting_; }
  /// Null where there is none.
  std::shared_ptr<const WeightForm> find(const FormKind& kind) const;
  void keep(const FormKind& kind, std::shared_ptr<const WeightForm> form) const;

 private:
  const ConstantWeight* before_;
  const Storage* storage_ = nullptr;
  const void* memory_ = nullptr;
  /// Where its first element is in the storage, in bytes.
  std::int64_t offset_ = 0;
  std::uint64_t version_ = 0;
  bool is_lasting_ = true;
};

/// Frees all forms of a storage; ~Storage() calls it.
void forget_weight_forms(const Storage* storage);
/// Frees all forms; empty_cache() calls it.
void forget_weight_forms();

/// Bytes of all forms, and the most that they may take (512 MiB).
std::size_t weight_form_bytes();
std::size_t weight_form_limit();
void set_weight_form_limit(std::size_t bytes);

}  // namespace plastic
