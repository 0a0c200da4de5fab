#include "cuda/ranks/nccl.h"
#include "cuda/runtime/loaded_library.h"

namespace plastic::cuda {
namespace {

struct LoadedNccl {
  Nccl functions{};
  std::string error;

  LoadedNccl() {
    LoadedLibrary library("libnccl.so", NCCL_MAJOR);
    library.find("ncclGetVersion", functions.version);
    library.find("ncclGetUniqueId", functions.unique_id);
    library.find("ncclCommInitRank", functions.init_rank);
    library.find("ncclCommDestroy", functions.destroy);
    library.find("ncclCommAbort", functions.abort);
    library.find("ncclGroupStart", functions.group_start);
    library.find("ncclGroupEnd", functions.group_end);
    library.find("ncclSend", functions.send);
    library.find("ncclRecv", functions.receive);
    library.find("ncclAllReduce", functions.all_reduce);
    library.find("ncclGetErrorString", functions.error_string);
    library.find("ncclGetLastError", functions.last_error);
    error = library.error();
  }
};

const LoadedNccl& loaded_nccl() {
  // Never destroyed: what is made with it may be of static storage.
  static const auto& loaded = *new LoadedNccl;
  return loaded;
}

}  // namespace

const std::string& nccl_reason() { return loaded_nccl().error; }

const Nccl& nccl() { return loaded_nccl().functions; }

}  // namespace plastic::cuda
