#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "apps/training/stopwatch.h"
#include "apps/training/training.h"

namespace plastic::apps {

/// The most processes that can be asked for. Windows cannot fork: there, work is done in this
/// process.
#ifdef _WIN32
inline constexpr int max_jobs = 1;
#else
inline constexpr int max_jobs = 1024;
#endif

/// How far the work of a child has come.
struct WorkerProgress {
  int epoch = 0;
  std::int64_t step = 0;
  std::int64_t steps = 0;
};

/// What happened to the work under `id`.
struct WorkerEvent {
  std::size_t id = 0;
  /// Otherwise it came forward.
  bool has_ended = false;
  WorkerProgress progress = {};
  /// What the work returned.
  std::string result = {};
  /// Why it did not return: "ended by signal 9 (Killed), ...". Empty where it did.
  std::string failure = {};
};

/// Tells the parent how far the work is, ten times a second at most.
class WorkerObserver : public TrainingObserver {
 public:
  explicit WorkerObserver(int descriptor) : descriptor_(descriptor) {}
  void on_step(const StepResult& step) override;

 private:
  int descriptor_;
  std::optional<Stopwatch> last_ = {};
};

/// Work in child processes, side by side. A child is forked for each piece of work, when the data
/// are loaded, so all of them share one copy; it computes with one thread; and whatever becomes of
/// it, a crash, a kill or the end of memory, is an event for the parent. Children end with their
/// parent, and ignore Ctrl-C, which is the parent's. On Windows start() returns when the work is
/// done.
class Workers {
 public:
  /// The text that is returned goes to the parent. An exception is a failure with its message.
  using Work = std::function<std::string(WorkerObserver&)>;

  explicit Workers(int max_jobs);
  /// Kills those that are at work.
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  bool is_full() const { return std::ssize(children_) >= max_jobs_; }
  bool is_idle() const { return children_.empty(); }

  /// Begins `work` in a child. Throws Error where the system gives no process.
  void start(std::size_t id, const Work& work);

  /// What happened since it was last asked; waits for `milliseconds` at most. Returns sooner after
  /// a signal.
  std::vector<WorkerEvent> wait(int milliseconds);

  /// Asks all children to end: interrupted() becomes true in them. What they return, or the
  /// Interrupted that their work throws, is then their end.
  void interrupt() const;

  /// Kills all children. What they did is lost.
  void stop();

 private:
  struct Child {
    std::size_t id;
    std::intptr_t process;
    int descriptor;
    /// What came from it and is not understood yet.
    std::string received;
    std::string result;
  };

  void read(Child& child, std::vector<WorkerEvent>& events);
  static WorkerEvent end_of(Child& child);

  std::ptrdiff_t max_jobs_;
  std::vector<Child> children_;
};

}  // namespace plastic::apps
