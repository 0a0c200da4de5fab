#pragma once

#include <stdexcept>

namespace plastic::apps {

/// The program's exit code after a signal, as shells have it for SIGINT.
constexpr int interrupted_exit_code = 130;

/// Thrown between two batches or two runs after Ctrl-C or another signal to stop; the message says
/// how to continue. The program's exit code is then interrupted_exit_code.
class Interrupted : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What the first signal does.
enum class OnSignal {
  /// It is noted, for interrupted() to tell, and a line says so at once; the second signal ends the
  /// program. Signals within a second count as one: `timeout` sends its own to the program and then
  /// to its group, and a terminal's Ctrl-C may arrive beside one that a script passes on.
  finish_batch,
  /// It ends the program, with a line: for work that has nothing to save.
  quit,
};

/// While this lives, SIGINT, SIGTERM, SIGHUP and SIGUSR1 do what it says; a program that ends by a
/// signal ends with interrupted_exit_code. SIGUSR1 is what mpirun passes on without ending its
/// processes a second later, and what Slurm can send before a job's time is up; Windows has none. A
/// SIGHUP that is ignored, as under nohup, stays ignored. Guards nest: the innermost one holds.
/// Making one forgets the signals noted before.
class InterruptGuard {
 public:
  explicit InterruptGuard(OnSignal on_signal = OnSignal::finish_batch);
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

 private:
  int outer_;
};

/// For one of several ranks, which all get the signals: only the one that `speaks` says that it
/// stops after its batch. None says that it ends at once, which a signal makes it do where another
/// rank has failed: that one says why.
void interrupt_as_rank(bool speaks);

/// For a process that was forked and obeys its parent: from here on `signal` is noted for
/// interrupted() to tell, without a line and however often it comes. Forgets the signals noted
/// before. Windows has no such process.
void note_quietly(int signal);

/// Whether a signal was noted since the guard was made.
bool interrupted();

}  // namespace plastic::apps
