#pragma once

#include <memory>
#include <thread>

namespace plastic::distributed {

/// Keeps threads that run one at a time on one processor. A thread that is woken may otherwise be
/// put on the processor of another rank, or of a thread that spins between two jobs, and shares it
/// until the system notices: two ranks of four shards each took 1.4 times as long. Does nothing on
/// other systems than Linux.
class ProcessorHandOver {
 public:
  using Thread = std::thread::native_handle_type;

  ProcessorHandOver();
  ~ProcessorHandOver();
  ProcessorHandOver(const ProcessorHandOver&) = delete;
  ProcessorHandOver& operator=(const ProcessorHandOver&) = delete;

  static Thread this_thread();

  /// Notes where the calling thread may run, and with it all others later.
  void begin();
  /// Lets a thread that waits wake up on the processor of the calling one.
  void give(Thread to);
  /// To be called by the one that has been woken: it may run again wherever begin() noted.
  void take();

 private:
  struct Mask;
  std::unique_ptr<Mask> mask_;
};

}  // namespace plastic::distributed
