#include "cuda/runtime/workspace.h"

#include <algorithm>

#include "core/check.h"

namespace plastic::cuda {

void* Workspace::get(std::size_t bytes, const char* op) {
  if (bytes > size_) {
    if (context_.is_recording()) {
      fail(op, "needs a workspace of ", bytes, " bytes and has ", size_,
           ", which cannot grow while a step is being captured; run the step once before");
    }
    // Doubling bounds what is kept for captured steps.
    const std::size_t grown = is_recorded_ ? std::max(bytes, 2 * size_) : bytes;
    if (is_recorded_) {
      kept_.push_back(data_);
    } else {
      context_.memory().deallocate(data_);
    }
    data_ = nullptr;
    size_ = 0;
    is_recorded_ = false;
    data_ = context_.memory().allocate(grown);
    size_ = grown;
  }
  is_recorded_ = is_recorded_ || (context_.is_recording() && bytes > 0);
  return data_;
}

Workspace::~Workspace() {
  context_.memory().deallocate(data_);
  for (void* data : kept_) context_.memory().deallocate(data);
}

}  // namespace plastic::cuda
