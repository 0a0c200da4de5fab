#pragma once

#include <cstdint>
#include <memory>

#include "core/tensor/constant_weight.h"

namespace plastic::cpu {

/// Whose form of a weight it is, the first number of its kind.
enum class FormOf : std::int64_t {
  packed_columns,
  im2row,
  winograd2,
  winograd4,
  turned_winograd2,
  turned_winograd4
};

/// `count` numbers that a kernel makes of a weight: kept from an earlier call, or made by this one
/// and then kept, where the weight was announced (ConstantWeight), else made for this call alone.
template <class T>
class MadeOf {
 public:
  /// make(to) writes the numbers, and says whether they may be used.
  template <class Make>
  MadeOf(const void* weight, const FormKind& kind, std::int64_t count, Make&& make) {
    const ConstantWeight* constant = ConstantWeight::at(weight);
    if (constant != nullptr) form_ = constant->find(kind);
    if (form_ != nullptr) return;
    form_ = std::make_shared<const WeightForm>(static_cast<std::size_t>(count) * sizeof(T));
    if (!make(static_cast<T*>(form_->data()))) {
      form_ = nullptr;
    } else if (constant != nullptr) {
      constant->keep(kind, form_);
    }
  }

  /// Null where they must not be used.
  const T* data() const { return form_ ? static_cast<const T*>(form_->data()) : nullptr; }

 private:
  std::shared_ptr<const WeightForm> form_;
};

}  // namespace plastic::cpu
