#pragma once

#include <nccl.h>

#include <string>

// NVIDIA's library for several devices, loaded when ranks are first linked, like those of
// cuda/runtime/libraries.h.
namespace plastic::cuda {

/// The functions of libnccl that cuda/ calls, by their own names.
struct Nccl {
  decltype(&::ncclGetVersion) version;
  decltype(&::ncclGetUniqueId) unique_id;
  decltype(&::ncclCommInitRank) init_rank;
  decltype(&::ncclCommDestroy) destroy;
  decltype(&::ncclCommAbort) abort;
  decltype(&::ncclGroupStart) group_start;
  decltype(&::ncclGroupEnd) group_end;
  decltype(&::ncclSend) send;
  decltype(&::ncclRecv) receive;
  decltype(&::ncclAllReduce) all_reduce;
  decltype(&::ncclGetErrorString) error_string;
  decltype(&::ncclGetLastError) last_error;
};

/// Why NCCL is not used, empty where it is.
const std::string& nccl_reason();
/// Requires that nccl_reason() is empty.
const Nccl& nccl();

}  // namespace plastic::cuda
