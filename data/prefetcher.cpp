#include "data/prefetcher.h"

#include <system_error>
#include <utility>

#include "core/check.h"

namespace plastic::data {

Prefetcher::Prefetcher(int threads, std::int64_t first, std::int64_t end,
                       std::function<Batch(std::int64_t)> prepare)
    : prepare_(std::move(prepare)),
      end_(end),
      next_started_(first),
      next_taken_(first),
      slots_(static_cast<std::size_t>(threads) + 1) {
  try {
    for (int i = 0; i < threads; ++i) {
      threads_.emplace_back([this](const std::stop_token& stop) { work(stop); });
    }
  } catch (const std::system_error& error) {
    fail("loader", "cannot start ", threads, " prefetch threads: ", error.what(),
         "; give a smaller prefetch_threads");
  }
}

Batch Prefetcher::take() {
  std::unique_lock lock(mutex_);
  Slot& next = slot(next_taken_);
  ready_.wait(lock, [&] { return next.batch || next.error; });
  if (next.error) std::rethrow_exception(next.error);
  Batch batch = *std::exchange(next.batch, std::nullopt);
  ++next_taken_;
  room_.notify_all();
  return batch;
}

void Prefetcher::work(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (true) {
    const bool wanted = room_.wait(lock, stop, [this] {
      return next_started_ == end_ || next_started_ < next_taken_ + std::ssize(slots_);
    });
    if (!wanted || stop.stop_requested() || next_started_ == end_) return;
    const std::int64_t index = next_started_++;
    lock.unlock();
    Slot prepared;
    try {
      prepared.batch = prepare_(index);
    } catch (...) {
      prepared.error = std::current_exception();
    }
    lock.lock();
    slot(index) = std::move(prepared);
    ready_.notify_one();
  }
}

}  // namespace plastic::data
