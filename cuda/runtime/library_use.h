#pragma once

#include <cstdint>

// That a result is right does not show that NVIDIA's libraries computed it: convolutions have
// kernels of our own to fall back on. Tests look here.
namespace plastic::cuda {

/// Counts for all devices and threads of this process so far. A captured step counts once.
struct LibraryUse {
  /// By cuBLASLt's algorithms; those tried while one was chosen do not count.
  std::int64_t products = 0;
  /// Passes by cuDNN's plans, and by our direct kernels.
  std::int64_t convolutions = 0;
  std::int64_t direct_convolutions = 0;
};
LibraryUse library_use();

void count_product();
void count_convolution(bool is_direct);

}  // namespace plastic::cuda
