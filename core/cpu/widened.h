#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>

#include "core/cpu/loops.h"
#include "core/cpu/scratch.h"
#include "core/tensor/dispatch.h"
#include "core/threads/parallel.h"

// Whole arrays that kernels read or write in what they compute in: where they lie, or, of bf16,
// copies. For what is small beside the rest of a call.

namespace plastic::cpu {

namespace detail {

template <class From, class To>
void convert(const From* from, To* to, std::int64_t count) {
  parallel_for(0, count, elementwise_grain, [=](std::int64_t first, std::int64_t last) {
    for (std::int64_t i = first; i < last; ++i) to[i] = static_cast<To>(from[i]);
  });
}

}  // namespace detail

/// `count` numbers, which may be null.
template <class S>
class Widened {
 public:
  using T = Computed<S>;

  Widened(const S* numbers, std::int64_t count)
      : copy_(std::is_same_v<S, T> || numbers == nullptr ? 0 : count) {
    if constexpr (std::is_same_v<S, T>) {
      data_ = numbers;
    } else if (numbers != nullptr) {
      detail::convert(numbers, copy_.data(), count);
      data_ = copy_.data();
    }
  }

  const T* data() const { return data_; }
  /// Those from `first` on.
  const T* at(std::int64_t first) const { return data_ == nullptr ? nullptr : data_ + first; }

 private:
  Scratch<T> copy_;
  const T* data_ = nullptr;
};

/// Room for `count` results, which are rounded into place when it goes.
template <class S>
class Rounded {
 public:
  using T = Computed<S>;

  Rounded(S* results, std::int64_t count)
      : results_(results), count_(count), room_(std::is_same_v<S, T> ? 0 : count) {}
  ~Rounded() {
    if constexpr (!std::is_same_v<S, T>) detail::convert(room_.data(), results_, count_);
  }
  Rounded(const Rounded&) = delete;
  Rounded& operator=(const Rounded&) = delete;

  T* data() const {
    if constexpr (std::is_same_v<S, T>) {
      return results_;
    } else {
      return room_.data();
    }
  }

 private:
  S* results_;
  std::int64_t count_;
  Scratch<T> room_;
};

}  // namespace plastic::cpu
