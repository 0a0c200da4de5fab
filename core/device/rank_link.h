#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace plastic {

/// Moves numbers between the devices of several processes ("ranks"), in the order of each device's
/// other work: nobody waits on the host, so a captured step may contain it. All ranks call the same
/// functions in the same order.
class RankLink {
 public:
  /// Numbers in the device's memory that another rank receives.
  struct Sent {
    int rank = 0;
    const float* values = nullptr;
    std::int64_t count = 0;
  };
  /// Where as many as it sends are put.
  struct Received {
    int rank = 0;
    float* values = nullptr;
    std::int64_t count = 0;
  };

  virtual ~RankLink() = default;

  /// Sends and receives at once. Between two ranks the first that is sent is the first that is
  /// received, and so on; a rank sends itself nothing.
  virtual void exchange(std::span<const Sent> sent, std::span<const Received> received) = 0;
  /// Adds up what the ranks have there, in place, in an order that the engine chooses.
  virtual void all_reduce_plain(float* values, std::int64_t count) = 0;
};

/// A device that can be linked with those of other ranks: a second base of its Backend.
class RankLinks {
 public:
  /// Names ranks that are to be linked: one makes it, and all link() with it. Throws Error where
  /// devices cannot be linked.
  virtual std::vector<std::byte> new_link_id() = 0;
  /// Links this device as `rank` of `ranks`, each of which has a device of its own. Returns when
  /// all have called it.
  virtual std::unique_ptr<RankLink> link(int rank, int ranks, std::span<const std::byte> id) = 0;

 protected:
  ~RankLinks() = default;
};

}  // namespace plastic
