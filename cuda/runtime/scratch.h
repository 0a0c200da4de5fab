#pragma once

#include <cstddef>

#include "cuda/runtime/context.h"

namespace plastic::cuda {

/// Device memory for as long as a function runs: what it has put into the stream by its end may use
/// it.
class Scratch {
 public:
  Scratch(Context& context, std::size_t bytes)
      : context_(context), data_(context.memory().allocate(bytes)) {}
  ~Scratch() { context_.memory().deallocate(data_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  template <class T>
  T* as() const {
    return static_cast<T*>(data_);
  }

 private:
  Context& context_;
  void* data_;
};

}  // namespace plastic::cuda
