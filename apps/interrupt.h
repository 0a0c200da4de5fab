#pragma once

#include <stdexcept>

namespace plastic::apps {

/// Thrown between two steps after Ctrl-C or SIGTERM; the message says how to go on. The program's
/// exit code is then 130, as shells have it for SIGINT.
class Interrupted : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// While this lives, the first SIGINT or SIGTERM is only noted; a second one ends the program at
/// once, as without this.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;
};

/// Whether a signal was noted since the guard was made.
bool interrupted();

}  // namespace plastic::apps
