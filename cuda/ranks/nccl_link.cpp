// Links between the devices of several ranks, by NCCL. It moves numbers, and adds up none of them
// unless it is asked for its own order.
#include <cstring>

#include "core/check.h"
#include "cuda/ranks/nccl.h"
#include "cuda/runtime/cuda_backend.h"
#include "cuda/runtime/library_names.h"

namespace plastic::cuda {
namespace {

void check(ncclResult_t result, const char* call, ncclComm_t comm = nullptr) {
  if (result == ncclSuccess) return;
  const char* const details = nccl().last_error(comm);
  const bool has_details = details != nullptr && details[0] != '\0';
  fail("cuda", call, ": ", nccl().error_string(result), has_details ? ", " : "",
       has_details ? details : "");
}

void check_loaded() {
  const std::string& reason = nccl_reason();
  if (reason.empty()) return;
  fail("cuda", "the devices of several ranks cannot be linked: NCCL cannot be loaded: ", reason,
       "; put its folder on LD_LIBRARY_PATH, or use --device cpu");
}

/// The calls until end() are one: none waits for another of them.
class Group {
 public:
  explicit Group(ncclComm_t comm) : comm_(comm) {
    check(nccl().group_start(), "ncclGroupStart", comm_);
  }
  ~Group() {
    if (!is_ended_) nccl().group_end();
  }
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;

  void end() {
    is_ended_ = true;
    check(nccl().group_end(), "ncclGroupEnd", comm_);
  }

 private:
  ncclComm_t comm_;
  bool is_ended_ = false;
};

class NcclLink : public RankLink {
 public:
  NcclLink(Context& context, int rank, int ranks, const ncclUniqueId& id) : context_(context) {
    check(nccl().init_rank(&comm_, ranks, id, rank), "ncclCommInitRank");
  }

  ~NcclLink() override {
    if (!context_.can_use()) return;
    // After an error other ranks may never come to what this one waits for.
    if (has_failed_) {
      nccl().abort(comm_);
      return;
    }
    cudaStreamSynchronize(context_.stream());
    nccl().destroy(comm_);
  }

  void exchange(std::span<const Sent> sent, std::span<const Received> received) override {
    context_.use();
    attempt([&] {
      Group group(comm_);
      for (const Sent& one : sent) {
        check(nccl().send(one.values, size(one.count), ncclFloat32, one.rank, comm_,
                          context_.stream()),
              "ncclSend", comm_);
      }
      for (const Received& one : received) {
        check(nccl().receive(one.values, size(one.count), ncclFloat32, one.rank, comm_,
                             context_.stream()),
              "ncclRecv", comm_);
      }
      group.end();
    });
  }

  void all_reduce_plain(float* values, std::int64_t count) override {
    context_.use();
    attempt([&] {
      check(nccl().all_reduce(values, values, size(count), ncclFloat32, ncclSum, comm_,
                              context_.stream()),
            "ncclAllReduce", comm_);
    });
  }

 private:
  static std::size_t size(std::int64_t count) { return static_cast<std::size_t>(count); }

  template <class F>
  void attempt(F&& f) {
    has_failed_ = true;
    f();
    has_failed_ = false;
  }

  Context& context_;
  ncclComm_t comm_ = nullptr;
  bool has_failed_ = false;
};

}  // namespace

std::string nccl_line() {
  const std::string& reason = nccl_reason();
  if (!reason.empty()) return "NCCL is not used: " + reason;
  int version = 0;
  check(nccl().version(&version), "ncclGetVersion");
  return library_line("NCCL", static_cast<std::size_t>(version),
                      reinterpret_cast<const void*>(nccl().version));
}

std::vector<std::byte> CudaBackend::new_link_id() {
  use();
  check_loaded();
  ncclUniqueId id{};
  check(nccl().unique_id(&id), "ncclGetUniqueId");
  std::vector<std::byte> bytes(sizeof(id));
  std::memcpy(bytes.data(), &id, sizeof(id));
  return bytes;
}

std::unique_ptr<RankLink> CudaBackend::link(int rank, int ranks, std::span<const std::byte> id) {
  Context& context = use();
  check_loaded();
  ncclUniqueId nccl_id{};
  if (id.size() != sizeof(nccl_id)) {
    fail("cuda", "an identity of ", id.size(), " bytes for linked ranks; NCCL's has ",
         sizeof(nccl_id));
  }
  std::memcpy(&nccl_id, id.data(), sizeof(nccl_id));
  return std::make_unique<NcclLink>(context, rank, ranks, nccl_id);
}

}  // namespace plastic::cuda
