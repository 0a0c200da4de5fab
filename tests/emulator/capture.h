#pragma once

#include <cstddef>

namespace plastic::emulator {

/// Nodes of the graph that was captured last: kernels, copies and calls of libraries, each of which
/// counts as one.
std::size_t captured_nodes();

/// While one exists, kernels and libraries compute nothing when their turn comes: what they would
/// write stays as it is, and large work is captured in no time.
class Idle {
 public:
  Idle();
  ~Idle();
  Idle(const Idle&) = delete;
  Idle& operator=(const Idle&) = delete;
};
bool is_idle();

}  // namespace plastic::emulator
