#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <vector>

#include "plastic/distributed.h"

namespace plastic::bench {

/// What a rank asks of its communicator, and how long that takes, waiting for others included.
struct Traffic {
  /// all_gather(): numbers of batch normalisations, losses.
  double gathers = 0;
  double gather_seconds = 0;
  /// exchange() and its kin: gradients.
  double exchanges = 0;
  double exchange_seconds = 0;
  /// That this rank sends.
  double bytes = 0;
};

/// Another communicator, watched.
class CountedCommunicator : public distributed::Communicator {
 public:
  explicit CountedCommunicator(Communicator& inner) : inner_(inner) {}

  const Traffic& traffic() const { return traffic_; }
  void reset() { traffic_ = {}; }

  int rank() const override { return inner_.rank(); }
  int size() const override { return inner_.size(); }
  void barrier() override { inner_.barrier(); }
  void broadcast(std::span<std::byte> bytes, int root) override { inner_.broadcast(bytes, root); }
  void all_gather(std::span<const std::byte> mine, std::span<std::byte> all) override {
    ++traffic_.gathers;
    traffic_.bytes += static_cast<double>(mine.size()) * (size() - 1);
    timed(traffic_.gather_seconds, [&] { inner_.all_gather(mine, all); });
  }
  void all_gather_parts(std::span<std::byte> whole, std::span<const std::size_t> offsets) override {
    ++traffic_.exchanges;
    const auto own = static_cast<std::size_t>(rank());
    traffic_.bytes += static_cast<double>(offsets[own + 1] - offsets[own]) * (size() - 1);
    timed(traffic_.exchange_seconds, [&] { inner_.all_gather_parts(whole, offsets); });
  }
  void exchange(std::span<const std::span<const std::byte>> to,
                std::span<const std::span<std::byte>> from) override {
    ++traffic_.exchanges;
    for (const auto& bytes : to) traffic_.bytes += static_cast<double>(bytes.size());
    timed(traffic_.exchange_seconds, [&] { inner_.exchange(to, from); });
  }
  void all_reduce_plain(std::span<float> values) override {
    ++traffic_.exchanges;
    // What the best algorithms send.
    const double share = static_cast<double>(size() - 1) / size();
    traffic_.bytes += 2 * share * static_cast<double>(values.size_bytes());
    timed(traffic_.exchange_seconds, [&] { inner_.all_reduce_plain(values); });
  }
  void abort(int code) noexcept override { inner_.abort(code); }
  void send(std::span<const std::byte> bytes, int to) override { inner_.send(bytes, to); }
  bool try_receive(std::vector<std::byte>& bytes, int& from) override {
    return inner_.try_receive(bytes, from);
  }

 private:
  template <class F>
  static void timed(double& seconds, F&& f) {
    const auto begin = std::chrono::steady_clock::now();
    f();
    seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  }

  Communicator& inner_;
  Traffic traffic_;
};

}  // namespace plastic::bench
