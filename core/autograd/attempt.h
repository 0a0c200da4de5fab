#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include "plastic/core/random.h"
#include "plastic/core/recycled.h"

namespace plastic {

/// A computation on this thread that may be refused half way, such as a batch that a later module
/// of a network does not take. Operations that change something besides giving a result (running
/// statistics, the position of a generator) note how to take that back; an attempt that ends
/// without succeed() does so, latest first. One within another leaves its notes to the outer one.
class Attempt {
 public:
  Attempt();
  ~Attempt();
  Attempt(const Attempt&) = delete;
  Attempt& operator=(const Attempt&) = delete;

  void succeed() noexcept { has_succeeded_ = true; }

 private:
  std::size_t first_note_;
  bool has_succeeded_ = false;
};

/// While one lives, nothing is noted on this thread: what a device records was done before, and
/// notes would become part of the recording.
class NoAttempts {
 public:
  NoAttempts();
  ~NoAttempts();
  NoAttempts(const NoAttempts&) = delete;
  NoAttempts& operator=(const NoAttempts&) = delete;

 private:
  bool before_;
};

/// While one lives, this thread's draws from `generator` are noted, which outlives every attempt
/// that is under way. Those from default_generator() always are; others may end before the attempt.
class LastingGenerator {
 public:
  explicit LastingGenerator(const Generator& generator);
  ~LastingGenerator();
  LastingGenerator(const LastingGenerator&) = delete;
  LastingGenerator& operator=(const LastingGenerator&) = delete;

 private:
  const Generator* before_;
};

/// Whether changes are to be noted.
bool is_attempt();
bool is_lasting(const Generator& generator);

/// How to take back a change: run(undo). Training steps note some, so they are recycled memory.
struct NotedChange {
  std::shared_ptr<void> undo;
  void (*run)(void*);
};
void note(NotedChange change);

/// Notes how to take back a change that was made, where is_attempt(). What undo() throws is lost.
template <class Undo>
void note_change(Undo undo) {
  if (!is_attempt()) return;
  note({std::allocate_shared<Undo>(Recycled<Undo>(), std::move(undo)),
        [](void* noted) { (*static_cast<Undo*>(noted))(); }});
}

}  // namespace plastic
