#pragma once

#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "plastic/distributed.h"

namespace plastic::test {

/// Ranks that are threads of this process.
class ThreadRanks {
 public:
  explicit ThreadRanks(int count) : count_(count), posted_(static_cast<std::size_t>(count)) {}

  /// Calls `body` once for each rank, side by side. When one throws, the others' next collective
  /// call throws, too; rethrows the error of the first rank that has one of its own.
  void run(const std::function<void(distributed::Communicator&)>& body) {
    std::vector<std::thread> threads;
    std::vector<std::exception_ptr> errors(static_cast<std::size_t>(count_));
    for (int rank = 0; rank < count_; ++rank) {
      threads.emplace_back([&, rank] {
        Rank own(*this, rank);
        try {
          body(own);
        } catch (const Left&) {
        } catch (...) {
          errors[static_cast<std::size_t>(rank)] = std::current_exception();
          leave();
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (const std::exception_ptr& error : errors) {
      if (error) std::rethrow_exception(error);
    }
  }

 private:
  struct Left {};

  /// What a rank gives in the collective call under way.
  struct Posted {
    std::span<const std::byte> bytes = {};
    std::span<const std::span<const std::byte>> to = {};
    std::span<float> values = {};
  };
  struct Message {
    int from;
    int to;
    std::vector<std::byte> bytes;
  };

  class Rank : public distributed::Communicator {
   public:
    Rank(ThreadRanks& all, int rank) : all_(all), rank_(rank) {}

    int rank() const override { return rank_; }
    int size() const override { return all_.count_; }
    void barrier() override { all_.meet(); }
    void broadcast(std::span<std::byte> bytes, int root) override {
      collective({.bytes = bytes}, [&] {
        if (rank_ != root) copy(of(root).bytes, bytes);
      });
    }
    void all_gather(std::span<const std::byte> mine, std::span<std::byte> all) override {
      collective({.bytes = mine}, [&] {
        for (int r = 0; r < size(); ++r) {
          copy(of(r).bytes, all.subspan(static_cast<std::size_t>(r) * mine.size(), mine.size()));
        }
      });
    }
    void all_gather_parts(std::span<std::byte> whole,
                          std::span<const std::size_t> offsets) override {
      collective({.bytes = whole}, [&] {
        for (int r = 0; r < size(); ++r) {
          const auto at = static_cast<std::size_t>(r);
          const std::size_t count = offsets[at + 1] - offsets[at];
          if (r == rank_) continue;
          copy(of(r).bytes.subspan(offsets[at], count), whole.subspan(offsets[at], count));
        }
      });
    }
    void exchange(std::span<const std::span<const std::byte>> to,
                  std::span<const std::span<std::byte>> from) override {
      collective({.to = to}, [&] {
        for (int r = 0; r < size(); ++r) {
          if (r != rank_)
            copy(of(r).to[static_cast<std::size_t>(rank_)], from[static_cast<std::size_t>(r)]);
        }
      });
    }
    void all_reduce_plain(std::span<float> values) override {
      std::vector<float> sum(values.size());
      collective({.values = values}, [&] {
        for (int r = 0; r < size(); ++r) {
          for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += of(r).values[i];
        }
      });
      std::ranges::copy(sum, values.begin());
    }
    void abort(int code) noexcept override { std::_Exit(code); }
    void send(std::span<const std::byte> bytes, int to) override {
      const std::lock_guard lock(all_.mutex_);
      all_.messages_.push_back({rank_, to, {bytes.begin(), bytes.end()}});
    }
    bool try_receive(std::vector<std::byte>& bytes, int& from) override {
      const std::lock_guard lock(all_.mutex_);
      for (auto at = all_.messages_.begin(); at != all_.messages_.end(); ++at) {
        if (at->to != rank_ || (from >= 0 && at->from != from)) continue;
        from = at->from;
        bytes = std::move(at->bytes);
        all_.messages_.erase(at);
        return true;
      }
      return false;
    }

   private:
    const Posted& of(int r) const { return all_.posted_[static_cast<std::size_t>(r)]; }
    template <class F>
    void collective(const Posted& posted, F&& read) {
      all_.posted_[static_cast<std::size_t>(rank_)] = posted;
      all_.meet();
      read();
      all_.meet();
    }
    static void copy(std::span<const std::byte> from, std::span<std::byte> to) {
      if (from.size() != to.size()) throw std::runtime_error("ranks give different sizes");
      if (!from.empty()) std::memcpy(to.data(), from.data(), from.size());
    }

    ThreadRanks& all_;
    int rank_;
  };

  void meet() {
    std::unique_lock lock(mutex_);
    const long round = round_;
    if (++arrived_ == count_) {
      arrived_ = 0;
      ++round_;
      changed_.notify_all();
    }
    changed_.wait(lock, [&] { return round_ != round || has_left_; });
    if (round_ == round) throw Left{};
  }
  void leave() {
    const std::lock_guard lock(mutex_);
    has_left_ = true;
    changed_.notify_all();
  }

  int count_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int arrived_ = 0;
  long round_ = 0;
  bool has_left_ = false;
  std::vector<Posted> posted_;
  std::deque<Message> messages_;
};

}  // namespace plastic::test
