// NCCL, acted out among devices of this process: what one rank's stream sends is put into a box
// from which another's takes it. A stream that comes to something that was not sent yet lets the
// sender's stream go on.
#include <nccl.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "cuda/ranks/nccl.h"
#include "tests/emulator/capture.h"
#include "tests/emulator/device_memory.h"
#include "tests/emulator/libraries.h"

namespace plastic::emulator {
namespace {

enum class Kind { message, sum };

/// Ranks that were linked by one identity.
struct Clique {
  std::vector<ncclComm*> members;
  /// Whether a rank's stream is within a call of NCCL.
  std::vector<bool> is_busy;
  /// What was sent and not yet received, by kind, sender and receiver.
  std::map<std::tuple<Kind, int, int>, std::deque<std::vector<float>>> sent;
};

struct Operation {
  enum class What { send, receive, sum } what;
  const float* from;
  float* to;
  std::size_t count;
  int peer;
};

/// What a thread has asked for since its outermost ncclGroupStart().
struct OpenGroup {
  int depth = 0;
  std::vector<std::pair<ncclComm*, Operation>> operations;
};

OpenGroup& open_group() {
  thread_local OpenGroup group;
  return group;
}

std::string& last_words() {
  static std::string text;
  return text;
}

ncclResult_t refuse(ncclResult_t result, const std::string& words) {
  last_words() = words;
  return result;
}

[[noreturn]] void hang(int rank, int peer, const char* why) {
  std::fprintf(stderr, "emulator: NCCL would hang: rank %d waits for rank %d, %s\n", rank, peer,
               why);
  std::abort();
}

}  // namespace
}  // namespace plastic::emulator

struct ncclComm {
  std::shared_ptr<plastic::emulator::Clique> clique;
  int rank;
  int device;
  /// Where it was used last.
  cudaStream_t stream = nullptr;
};

namespace plastic::emulator {
namespace {

void let_go_on(Clique& clique, int rank, int peer) {
  const auto at = static_cast<std::size_t>(peer);
  ncclComm* const other = clique.members[at];
  if (other != nullptr && other->stream != nullptr && !clique.is_busy[at] &&
      run_next(other->stream)) {
    return;
  }
  if (!emulator::nccl().wait_for_others) hang(rank, peer, "which sends nothing");
  emulator::nccl().wait_for_others();
}

std::vector<float> receive(Clique& clique, Kind kind, int rank, int peer, std::size_t count) {
  std::deque<std::vector<float>>& box = clique.sent[{kind, peer, rank}];
  while (box.empty()) let_go_on(clique, rank, peer);
  std::vector<float> values = std::move(box.front());
  box.pop_front();
  if (values.size() != count) hang(rank, peer, "which sends another number of values");
  return values;
}

/// In another order than the fixed tree: from the last rank to the first.
void add_up(Clique& clique, int rank, const Operation& operation) {
  const int ranks = static_cast<int>(clique.members.size());
  std::vector<float> sum(operation.from, operation.from + operation.count);
  std::vector<float> own = sum;
  for (int r = ranks - 1; r >= 0; --r) {
    const std::vector<float> values =
        r == rank ? own : receive(clique, Kind::sum, rank, r, operation.count);
    for (std::size_t i = 0; i < sum.size(); ++i) {
      sum[i] = r == ranks - 1 ? values[i] : sum[i] + values[i];
    }
  }
  std::memcpy(operation.to, sum.data(), sum.size() * sizeof(float));
}

void run(Clique& clique, int rank, const std::vector<Operation>& operations) {
  if (is_idle()) return;
  const auto at = static_cast<std::size_t>(rank);
  clique.is_busy[at] = true;
  const DeviceAccess access;
  // All is sent before anything is waited for, as in a group of NCCL's.
  for (const Operation& one : operations) {
    const std::vector<float> values(one.from, one.from + (one.from == nullptr ? 0 : one.count));
    if (one.what == Operation::What::send) {
      clique.sent[{Kind::message, rank, one.peer}].push_back(values);
    } else if (one.what == Operation::What::sum) {
      for (int r = 0; r < static_cast<int>(clique.members.size()); ++r) {
        if (r != rank) clique.sent[{Kind::sum, rank, r}].push_back(values);
      }
    }
  }
  for (const Operation& one : operations) {
    if (one.what == Operation::What::sum) add_up(clique, rank, one);
    if (one.what != Operation::What::receive) continue;
    const std::vector<float> values = receive(clique, Kind::message, rank, one.peer, one.count);
    std::memcpy(one.to, values.data(), values.size() * sizeof(float));
  }
  clique.is_busy[at] = false;
}

ncclResult_t enqueue_all(OpenGroup& group) {
  std::map<ncclComm*, std::vector<Operation>> by_comm;
  for (const auto& [comm, operation] : group.operations) by_comm[comm].push_back(operation);
  group.operations.clear();
  for (const auto& [comm, operations] : by_comm) {
    ++emulator::nccl().calls;
    enqueue(comm->stream, [clique = comm->clique, rank = comm->rank, operations = operations] {
      run(*clique, rank, operations);
    });
  }
  return ncclSuccess;
}

ncclResult_t ask_for(ncclComm* comm, cudaStream_t stream, const Operation& operation) {
  const DeviceMemory& memory = DeviceMemory::instance();
  const auto ranks = static_cast<int>(comm->clique->members.size());
  if (emulator::nccl().fails) return refuse(ncclUnhandledCudaError, "the emulator was asked to");
  if (operation.peer < 0 || operation.peer >= ranks) {
    return refuse(ncclInvalidArgument, "no such rank");
  }
  for (const float* data : {operation.from, static_cast<const float*>(operation.to)}) {
    if (data != nullptr && operation.count > 0 && !memory.contains(data)) {
      return refuse(ncclInvalidArgument, "not the device's memory");
    }
  }
  comm->stream = stream;
  open_group().operations.emplace_back(comm, operation);
  return open_group().depth > 0 ? ncclSuccess : enqueue_all(open_group());
}

std::map<std::string, std::weak_ptr<Clique>>& cliques() {
  static std::map<std::string, std::weak_ptr<Clique>> all;
  return all;
}

}  // namespace

Nccl& nccl() {
  static Nccl state;
  return state;
}

}  // namespace plastic::emulator

using namespace plastic::emulator;

ncclResult_t ncclGetVersion(int* version) {
  *version = 22809;
  return ncclSuccess;
}

ncclResult_t ncclGetUniqueId(ncclUniqueId* id) {
  static int made = 0;
  *id = {};
  std::snprintf(id->internal, sizeof(id->internal), "emulated %d", ++made);
  return ncclSuccess;
}

// Returns at once, and not when all ranks have come.
ncclResult_t ncclCommInitRank(ncclComm_t* comm, int ranks, ncclUniqueId id, int rank) {
  if (ranks < 1 || rank < 0 || rank >= ranks) return refuse(ncclInvalidArgument, "no such rank");
  std::shared_ptr<Clique> clique = cliques()[id.internal].lock();
  if (!clique) {
    clique = std::make_shared<Clique>();
    clique->members.resize(static_cast<std::size_t>(ranks));
    clique->is_busy.resize(static_cast<std::size_t>(ranks));
    cliques()[id.internal] = clique;
  }
  if (clique->members.size() != static_cast<std::size_t>(ranks) ||
      clique->members[static_cast<std::size_t>(rank)] != nullptr) {
    return refuse(ncclInvalidArgument, "a rank that is there already, or of another number");
  }
  for (const ncclComm* other : clique->members) {
    if (other != nullptr && other->device == current_device()) {
      return refuse(ncclInvalidUsage, "two ranks on one device");
    }
  }
  *comm = new ncclComm{.clique = clique, .rank = rank, .device = current_device()};
  clique->members[static_cast<std::size_t>(rank)] = *comm;
  return ncclSuccess;
}

ncclResult_t ncclCommDestroy(ncclComm_t comm) {
  comm->clique->members[static_cast<std::size_t>(comm->rank)] = nullptr;
  delete comm;
  return ncclSuccess;
}

ncclResult_t ncclCommAbort(ncclComm_t comm) {
  ++plastic::emulator::nccl().aborts;
  return ncclCommDestroy(comm);
}

ncclResult_t ncclGroupStart() {
  ++open_group().depth;
  return ncclSuccess;
}

ncclResult_t ncclGroupEnd() {
  return --open_group().depth > 0 ? ncclSuccess : enqueue_all(open_group());
}

ncclResult_t ncclSend(const void* data, std::size_t count, ncclDataType_t, int peer,
                      ncclComm_t comm, cudaStream_t stream) {
  return ask_for(comm, stream,
                 {Operation::What::send, static_cast<const float*>(data), nullptr, count, peer});
}

ncclResult_t ncclRecv(void* data, std::size_t count, ncclDataType_t, int peer, ncclComm_t comm,
                      cudaStream_t stream) {
  return ask_for(comm, stream,
                 {Operation::What::receive, nullptr, static_cast<float*>(data), count, peer});
}

ncclResult_t ncclAllReduce(const void* from, void* to, std::size_t count, ncclDataType_t,
                           ncclRedOp_t, ncclComm_t comm, cudaStream_t stream) {
  return ask_for(comm, stream,
                 {Operation::What::sum, static_cast<const float*>(from), static_cast<float*>(to),
                  count, comm->rank});
}

const char* ncclGetErrorString(ncclResult_t result) {
  switch (result) {
    case ncclSuccess:
      return "no error";
    case ncclUnhandledCudaError:
      return "unhandled cuda error";
    case ncclInvalidArgument:
      return "invalid argument";
    case ncclInvalidUsage:
      return "invalid usage";
  }
  return "unknown";
}

const char* ncclGetLastError(ncclComm_t) { return last_words().c_str(); }

namespace plastic::cuda {

const std::string& nccl_reason() {
  static const std::string there;
  static const std::string missing = "the emulator was asked to do without NCCL";
  return emulator::nccl().is_missing ? missing : there;
}

const Nccl& nccl() {
  static const Nccl functions{.version = ncclGetVersion,
                              .unique_id = ncclGetUniqueId,
                              .init_rank = ncclCommInitRank,
                              .destroy = ncclCommDestroy,
                              .abort = ncclCommAbort,
                              .group_start = ncclGroupStart,
                              .group_end = ncclGroupEnd,
                              .send = ncclSend,
                              .receive = ncclRecv,
                              .all_reduce = ncclAllReduce,
                              .error_string = ncclGetErrorString,
                              .last_error = ncclGetLastError};
  return functions;
}

}  // namespace plastic::cuda
