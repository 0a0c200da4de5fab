#include "cuda/ranks/nccl.h"
#include "cuda/runtime/loaded_library.h"

namespace plastic::cuda {
namespace {

const Loaded<Nccl>& loaded_nccl() {
  // Never destroyed: what is made with it may be of static storage.
  static const auto& loaded =
      *new Loaded<Nccl>("libnccl.so", NCCL_MAJOR, [](LoadedLibrary& library, Nccl& functions) {
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
      });
  return loaded;
}

}  // namespace

const std::string& nccl_reason() { return loaded_nccl().error; }

const Nccl& nccl() { return loaded_nccl().functions; }

}  // namespace plastic::cuda
