#include "core/autograd/attempt.h"

#include <utility>
#include <vector>

#include "core/threads/per_thread.h"

namespace plastic {
namespace {

struct Notes {
  std::vector<NotedChange> changes;
  int attempts = 0;
  bool is_off = false;
  const Generator* lasting = nullptr;
};

Notes& notes() { return per_thread<Notes>(); }

}  // namespace

Attempt::Attempt() : first_note_(notes().changes.size()) { ++notes().attempts; }

Attempt::~Attempt() {
  Notes& all = notes();
  while (!has_succeeded_ && all.changes.size() > first_note_) {
    const NotedChange change = std::move(all.changes.back());
    all.changes.pop_back();
    try {
      change.run(change.undo.get());
    } catch (...) {
      // The error that ended the attempt is under way.
    }
  }
  if (--all.attempts == 0) all.changes.clear();
}

NoAttempts::NoAttempts() : before_(std::exchange(notes().is_off, true)) {}
NoAttempts::~NoAttempts() { notes().is_off = before_; }

LastingGenerator::LastingGenerator(const Generator& generator)
    : before_(std::exchange(notes().lasting, &generator)) {}
LastingGenerator::~LastingGenerator() { notes().lasting = before_; }

bool is_lasting(const Generator& generator) { return notes().lasting == &generator; }

bool is_attempt() { return notes().attempts > 0 && !notes().is_off; }

void note(NotedChange change) { notes().changes.push_back(std::move(change)); }

}  // namespace plastic
