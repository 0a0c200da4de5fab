#include <mpi.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "core/check.h"
#include "distributed/world.h"

namespace plastic::distributed {
namespace {

// MPI counts in int.
constexpr std::size_t max_bytes = std::size_t{1} << 30;

constexpr int tag = 1;

/// MPI_COMM_WORLD. MPI's own errors end all ranks, with a message that names the one.
class MpiWorld : public Communicator {
 public:
  MpiWorld() {
    MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
    MPI_Comm_size(MPI_COMM_WORLD, &size_);
    MPI_Comm_dup(MPI_COMM_WORLD, &messages_);
  }

  int rank() const override { return rank_; }
  int size() const override { return size_; }

  void barrier() override { MPI_Barrier(MPI_COMM_WORLD); }

  void broadcast(std::span<std::byte> bytes, int root) override {
    for_pieces(bytes.size(), [&](std::size_t at, int count) {
      MPI_Bcast(bytes.data() + at, count, MPI_BYTE, root, MPI_COMM_WORLD);
    });
  }

  void all_gather(std::span<const std::byte> mine, std::span<std::byte> all) override {
    if (mine.size() > max_bytes) {
      fail("distributed", "all_gather() of ", mine.size(), " bytes; it takes at most ", max_bytes);
    }
    const int count = static_cast<int>(mine.size());
    MPI_Allgather(mine.data(), count, MPI_BYTE, all.data(), count, MPI_BYTE, MPI_COMM_WORLD);
  }

  void all_gather_parts(std::span<std::byte> whole, std::span<const std::size_t> offsets) override {
    std::vector<std::span<const std::byte>> to;
    std::vector<std::span<std::byte>> from;
    for (int r = 0; r < size_; ++r) {
      from.push_back(part_of(whole, offsets, r));
      to.push_back(part_of(whole, offsets, rank_));
    }
    exchange(to, from);
  }

  void exchange(std::span<const std::span<const std::byte>> to,
                std::span<const std::span<std::byte>> from) override {
    std::vector<MPI_Request> requests;
    // Each begins with its neighbour, so that nobody is everybody's first.
    for (int i = 1; i < size_; ++i) {
      const int source = (rank_ + size_ - i) % size_;
      const auto bytes = from[static_cast<std::size_t>(source)];
      for_pieces(bytes.size(), [&](std::size_t at, int count) {
        MPI_Irecv(bytes.data() + at, count, MPI_BYTE, source, tag, MPI_COMM_WORLD,
                  &requests.emplace_back());
      });
    }
    for (int i = 1; i < size_; ++i) {
      const int target = (rank_ + i) % size_;
      const auto bytes = to[static_cast<std::size_t>(target)];
      for_pieces(bytes.size(), [&](std::size_t at, int count) {
        MPI_Isend(bytes.data() + at, count, MPI_BYTE, target, tag, MPI_COMM_WORLD,
                  &requests.emplace_back());
      });
    }
    MPI_Waitall(static_cast<int>(requests.size()), requests.data(), MPI_STATUSES_IGNORE);
  }

  void all_reduce_plain(std::span<float> values) override {
    constexpr std::size_t piece = max_bytes / sizeof(float);
    for (std::size_t at = 0; at < values.size(); at += piece) {
      const int count = static_cast<int>(std::min(piece, values.size() - at));
      MPI_Allreduce(MPI_IN_PLACE, values.data() + at, count, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
    }
  }

  void abort(int code) noexcept override {
    MPI_Abort(MPI_COMM_WORLD, code);
    std::_Exit(code);
  }

  void send(std::span<const std::byte> bytes, int to) override {
    if (bytes.size() > max_bytes) {
      fail("distributed", "a message of ", bytes.size(), " bytes; at most ", max_bytes);
    }
    MPI_Send(bytes.data(), static_cast<int>(bytes.size()), MPI_BYTE, to, tag, messages_);
  }

  bool try_receive(std::vector<std::byte>& bytes, int& from) override {
    int has_arrived = 0;
    MPI_Status status;
    MPI_Iprobe(from < 0 ? MPI_ANY_SOURCE : from, tag, messages_, &has_arrived, &status);
    if (has_arrived == 0) return false;
    int count = 0;
    MPI_Get_count(&status, MPI_BYTE, &count);
    bytes.resize(static_cast<std::size_t>(count));
    from = status.MPI_SOURCE;
    MPI_Recv(bytes.data(), count, MPI_BYTE, from, tag, messages_, MPI_STATUS_IGNORE);
    return true;
  }

 private:
  template <class F>
  static void for_pieces(std::size_t bytes, F&& f) {
    for (std::size_t at = 0; at < bytes; at += max_bytes) {
      f(at, static_cast<int>(std::min(max_bytes, bytes - at)));
    }
  }

  static std::span<std::byte> part_of(std::span<std::byte> whole,
                                      std::span<const std::size_t> offsets, int r) {
    const auto at = static_cast<std::size_t>(r);
    return whole.subspan(offsets[at], offsets[at + 1] - offsets[at]);
  }

  int rank_ = 0;
  int size_ = 1;
  /// Apart from collective functions, whose own messages try_receive() must not see.
  MPI_Comm messages_ = MPI_COMM_NULL;
};

void finalize() {
  int is_final = 0;
  MPI_Finalized(&is_final);
  if (is_final == 0) MPI_Finalize();
}

}  // namespace

bool is_available() { return true; }

Started start_mpi() {
  int is_started = 0;
  MPI_Initialized(&is_started);
  if (is_started == 0) {
    // Shards run by turns on threads of their own: one calls at a time.
    int provided = 0;
    MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &provided);
    std::atexit(finalize);
    if (provided < MPI_THREAD_SERIALIZED) {
      fail("distributed",
           "this MPI allows one thread alone to call it; Plastic needs "
           "MPI_THREAD_SERIALIZED");
    }
  }
  Started started{.world = std::make_unique<MpiWorld>()};
  MPI_Comm machine = MPI_COMM_NULL;
  MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &machine);
  MPI_Comm_rank(machine, &started.local_rank);
  MPI_Comm_size(machine, &started.local_size);
  MPI_Comm_free(&machine);
  return started;
}

}  // namespace plastic::distributed
