#include "distributed/lockstep.h"

#include <system_error>
#include <utility>

#include "core/check.h"

namespace plastic::distributed {

Lockstep::~Lockstep() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  for (Waiting& one : waiting_) one.has_turn.notify_one();
  for (std::thread& thread : threads_) thread.join();
}

void Lockstep::run(int count, const Turns& turns, const std::function<void(int)>& body) {
  if (count == 0) return;
  turns_ = &turns;
  body_ = &body;
  count_ = count;
  met_ = 0;
  ended_ = 0;
  has_ended_.assign(static_cast<std::size_t>(count), false);
  error_ = nullptr;
  start_threads(count);
  caller_.thread = ProcessorHandOver::this_thread();
  processor_.begin();
  give_turn(0);
  await_turn(-1, caller_);
  if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
}

void Lockstep::start_threads(int count) {
  while (std::ssize(threads_) < count) {
    const int index = static_cast<int>(threads_.size());
    Waiting& waiting = waiting_.emplace_back();
    try {
      threads_.emplace_back([this, index, &waiting] { work(index, waiting); });
    } catch (const std::system_error& error) {
      waiting_.pop_back();
      fail("distributed", "cannot start thread ", index + 1, " of ", count,
           ", one for each shard: ", error.code().message(), "; give fewer shards");
    }
    waiting.thread = threads_.back().native_handle();
  }
}

void Lockstep::work(int index, Waiting& own) {
  while (true) {
    await_turn(index, own);
    if (is_stopping_) return;
    run_one(index);
    ++ended_;
    has_ended_[static_cast<std::size_t>(index)] = true;
    give_turn(next_after(index));
  }
}

void Lockstep::run_one(int index) {
  try {
    turns_->enter(index);
    try {
      if (!error_) (*body_)(index);
    } catch (...) {
      turns_->leave(index);
      throw;
    }
    turns_->leave(index);
  } catch (const Left&) {
  } catch (...) {
    if (!error_) error_ = std::current_exception();
  }
}

void Lockstep::give_turn(int index) {
  Waiting& next = index < 0 ? caller_ : waiting_[static_cast<std::size_t>(index)];
  processor_.give(next.thread);
  {
    const std::lock_guard lock(mutex_);
    turn_ = index;
  }
  next.has_turn.notify_one();
}

void Lockstep::await_turn(int index, Waiting& own) {
  std::unique_lock lock(mutex_);
  own.has_turn.wait(lock, [&] { return is_stopping_ || turn_ == index; });
  lock.unlock();
  processor_.take();
}

int Lockstep::next_after(int index) const {
  for (int i = 1; i <= count_; ++i) {
    const int next = (index + i) % count_;
    if (!has_ended_[static_cast<std::size_t>(next)]) return next;
  }
  return -1;
}

void Lockstep::check_none_ended(int index) const {
  if (ended_ == 0) return;
  fail("distributed", "shard ", index, " of this rank waits for the others, of which ", ended_,
       ended_ == 1 ? " has" : " have", " ended; all must run the same operations");
}

void Lockstep::meet(int index, const std::function<void()>& together) {
  if (count_ == 1) return together();
  check_none_ended(index);
  if (++met_ == count_) {
    together();
    met_ = 0;
  }
  turns_->leave(index);
  give_turn(next_after(index));
  await_turn(index, waiting_[static_cast<std::size_t>(index)]);
  turns_->enter(index);
  if (error_) throw Left{};
  if (met_ > 0) check_none_ended(index);
}

}  // namespace plastic::distributed
