#pragma once

#include <cstddef>
#include <vector>

#include "cuda/runtime/context.h"

namespace plastic::cuda {

/// Memory that a library's work uses while it runs; work in the order of one stream can share it.
/// It grows to the largest size asked for.
class Workspace {
 public:
  explicit Workspace(Context& context) : context_(context) {}
  ~Workspace();
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  /// At least `bytes`, aligned to 256 bytes. Throws Error naming `op` where it would have to grow
  /// while a step is being captured.
  void* get(std::size_t bytes, const char* op);
  /// What get() gives without growing.
  std::size_t size() const { return size_; }

 private:
  Context& context_;
  void* data_ = nullptr;
  std::size_t size_ = 0;
  bool is_recorded_ = false;
  /// Outgrown, but a captured step may use them.
  std::vector<void*> kept_;
};

}  // namespace plastic::cuda
