#pragma once

/// @file
/// Training on several processes ("ranks"), which mpirun or srun starts, by a library of its own:
/// plastic::distributed in CMake, beside plastic::plastic. docs/distributed.md is the guide.
///
///     plastic::distributed::init();                          // or run(); nothing when alone
///     ShardedBackward backward(optimizer, {.shards = 8});    // after the model has its weights
///     ...
///     optimizer.zero_grad();
///     backward.run(batch_size, [&](const Shard& shard) {     // this rank's shards of the batch
///       return loss(model(images(shard)), labels(shard));
///     });
///     optimizer.step();                                      // the same bits on every rank
///
/// All functions are collective unless they say otherwise: every rank calls them, in the same
/// order.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "plastic/core/random.h"
#include "plastic/core/state_dict.h"
#include "plastic/core/tensor.h"
#include "plastic/optim/optimizer.h"

#pragma GCC visibility push(default)

namespace plastic::distributed {

/// Processes that compute together: what moves bytes between them, and computes nothing but plain
/// sums. MPI's is world(); a program may bring its own.
class Communicator {
 public:
  virtual ~Communicator() = default;

  /// From 0; not collective, like size().
  virtual int rank() const = 0;
  /// How many ranks there are.
  virtual int size() const = 0;
  /// Returns when all ranks have called it.
  virtual void barrier() = 0;
  /// Copies the bytes of rank `root` to all; each gives as many.
  virtual void broadcast(std::span<std::byte> bytes, int root) = 0;
  /// Gathers what each rank gives, equally many bytes, in the order of the ranks, everywhere.
  virtual void all_gather(std::span<const std::byte> mine, std::span<std::byte> all) = 0;
  /// Gathers parts of different sizes: rank r gives the part of `whole` that begins at offsets[r]
  /// and ends at offsets[r + 1], and gets the others.
  virtual void all_gather_parts(std::span<std::byte> whole,
                                std::span<const std::size_t> offsets) = 0;
  /// Sends to[r] to each rank r and receives from[r], which has as many bytes as r sends here. A
  /// rank sends itself nothing.
  virtual void exchange(std::span<const std::span<const std::byte>> to,
                        std::span<const std::span<std::byte>> from) = 0;
  /// Adds up what the ranks give, element by element, in an order that the engine chooses: another
  /// number of ranks may give other bits.
  virtual void all_reduce_plain(std::span<float> values) = 0;
  /// Ends all ranks, with this exit code. Not collective; does not return.
  [[noreturn]] virtual void abort(int code) noexcept = 0;

  /// @name Messages between two ranks
  /// Not collective.
  /// @{

  /// Sends `bytes` to another rank, which receives them; may return before it does.
  virtual void send(std::span<const std::byte> bytes, int to) = 0;
  /// The next message from `from`, or from any rank where that is -1, if one has arrived: false
  /// where none has. `from` becomes the sender's rank.
  virtual bool try_receive(std::vector<std::byte>& bytes, int& from) = 0;
  /// @}
};

/// Whether the library was built with MPI (PLASTIC_MPI). Not collective.
bool is_available();

/// How many processes mpirun, mpiexec or srun started with this one, by the environment that they
/// give; 1 where none did. Not collective.
int launched_size();

/// This process's number among those on this machine, from 0. Before init() as far as the
/// environment tells; else 0. Not collective.
int local_rank();

/// How many of them are on this machine, this one included. Before init() as far as the environment
/// tells; else 1. Not collective.
int local_size();

/// Joins the other processes: MPI_Init_thread, and MPI_Finalize when the program ends, which waits
/// for the others: a rank that fails calls world().abort() instead, or they wait for ever. Does
/// nothing where this process was started alone, or init() was called before. Throws Error where it
/// was started as one of several and the library was built without MPI, or the MPI that started it
/// is another.
void init();

/// The whole of a main(): init() and then body(), whose result it returns. Where one of them
/// throws, writes the message to std::cerr and returns 1. On several ranks all end then at once,
/// and also where the body returns anything but 0: the others would wait for this one for ever.
int run(const std::function<int()>& body);

/// How many threads this rank should compute with, for set_num_threads(): the machine's are shared
/// out over its ranks, unless mpirun has bound each to processors of its own. Without it, each rank
/// computes with as many threads as one process alone. Not collective.
int threads_per_rank();

/// Whether world() is there: init() has succeeded, or this process was started alone. Not
/// collective.
bool is_initialized();

/// The processes after init(); one rank where this process was started alone. Throws Error before
/// init() where it was not: several trainings would each take themselves for the only one. Not
/// collective.
Communicator& world();

/// One rank: this process, whatever world() is. Not collective.
Communicator& alone();

/// world().rank(). Not collective.
int rank();
/// world().size(). Not collective.
int size();

/// Copies the elements of rank `root` into every rank's tensor, in place. A tensor on a CUDA device
/// goes through the host's memory. Throws Error, on every rank, where shapes, dtypes or roots
/// differ between ranks, and for tensors that are not contiguous.
void broadcast(Tensor& tensor, int root = 0, Communicator& among = world());
/// broadcast() of each tensor of a state, such as a module's state_dict(). Throws Error, on every
/// rank, where names differ, too.
void broadcast(const StateDict& state, int root = 0, Communicator& among = world());
/// The bytes of rank `root`, of which the others need not know how many.
std::vector<std::byte> broadcast_bytes(std::span<const std::byte> bytes, int root = 0,
                                       Communicator& among = world());

/// Adds up the ranks' tensors, f32 and contiguous, in place, along one fixed tree: ((0 + 1) + (2 +
/// 3)) + ..., so every rank has the same bits, in every run. A tensor on a CUDA device goes through
/// the host's memory; ShardedBackward alone exchanges by NCCL. Throws Error, on every rank, for
/// others, and where shapes differ between ranks.
void all_reduce(Tensor& tensor, Communicator& among = world());

/// The simplest way to train on several ranks, each of which takes batches of its own: gives every
/// rank the parameters of rank 0, and makes each step() average the gradients over the ranks, along
/// the tree of all_reduce(), by Optimizer::set_gradient_hook(), in place of a hook that was set
/// before. Throws Error, on every rank, where their parameters have other shapes; step() does where
/// a parameter has a gradient on some ranks only. Buffers, such as running statistics, stay each
/// rank's own. Results depend on the number of ranks; with ShardedBackward they do not. `among`
/// must outlive the optimizer.
void distribute(optim::Optimizer& optimizer, Communicator& among = world());

/// Whether `mine` is true on any rank.
bool any(bool mine, Communicator& among = world());

/// Throws Error, on every rank, where `text` is not the same on all: "[distributed] rank 2 has
/// another WHAT than rank 0: ...". For what must agree, such as options and versions.
void check_same(const std::string& what, const std::string& text, Communicator& among = world());

/// Examples of a batch: first <= i < last.
struct Rows {
  /// The first example.
  std::int64_t first = 0;
  /// One past the last.
  std::int64_t last = 0;
  /// How many they are.
  std::int64_t count() const { return last - first; }
};

/// The examples of shard number `shard` of `shards` in a batch of `batch`: shards differ by one
/// example at most, the larger ones first.
Rows shard_rows(std::int64_t batch, int shards, int shard);

/// A part of a batch that is computed by itself.
struct Shard {
  /// Its number, counted over the whole batch.
  int index = 0;
  /// Its examples, counted in the whole batch.
  Rows rows;
};

/// What a shard gives.
struct ShardResult {
  /// The mean loss over its examples: a number, recorded.
  Tensor loss;
  /// Numbers to add up over the shards, such as sums of losses or of correct predictions; equally
  /// many from each.
  std::vector<double> numbers = {};
};

/// How batches are shared out.
struct ShardOptions {
  /// Shards of a batch, at least as many as ranks; 0: one per rank, whose gradients MPI adds up in
  /// an order of its own, which is the fastest and gives other bits on another number of ranks.
  /// Each shard of a rank takes memory for gradients of its own.
  int shards = 8;
  /// What shards draw dropout from: each from a sequence of its own, which depends on the
  /// generator's position and on the number of the shard. default_generator() when null, which
  /// ranks that are threads of one process cannot share: give each its own. What is drawn from
  /// another generator depends on the number of ranks.
  Generator* generator = nullptr;
};

/// Forward and backward passes of a batch in shards that are shared out over the ranks, with the
/// same bits on any number of ranks: each shard is computed by itself, and losses, gradients and
/// the sums of batch normalisations are added up along one fixed tree over the shards. Gradients
/// end as backward() would leave them for the whole batch; from there on, clipping, probes and
/// step() are as for one process, and each rank does the same. The weights must be the same on all
/// ranks (broadcast()), and so must the kind of processor: see check_same_processor().
class ShardedBackward {
 public:
  /// Throws Error where there are more ranks than shards, where ranks have other options,
  /// parameters of other shapes or other devices, and where the CUDA devices of several ranks
  /// cannot be linked (NCCL; each rank needs a device of its own). All outlive it. On other devices
  /// than the CPU, batch normalisations wait for the device.
  ShardedBackward(optim::Optimizer& optimizer, const ShardOptions& options,
                  Communicator& among = world());
  ~ShardedBackward();
  ShardedBackward(const ShardedBackward&) = delete;
  ShardedBackward& operator=(const ShardedBackward&) = delete;

  /// How many shards a batch is divided into.
  int shards() const;
  /// The examples of a batch that this rank computes: those of its shards, or, in a batch of fewer
  /// examples than ranks, examples that it computes beside another. Not collective.
  Rows rows(std::int64_t batch) const;
  /// Calls `forward` for each of this rank's shards, then backward() of their losses, weighted by
  /// their shares of the batch, and adds up gradients and numbers over all shards of all ranks.
  /// Gives the sums of the numbers. A parameter that has a gradient already gets the sum, as by
  /// backward(); leaves that are not the optimizer's get what this rank's shards give alone.
  ///
  /// `forward` and backward() run on threads of their own, one at a time, so modes of the calling
  /// thread (NoGrad, nn::FrozenStatistics, DetectAnomaly) do not reach them: set them inside. Hooks
  /// on tensors see each shard's part. Throws what `forward` throws, with gradients and generator
  /// as before; where that happens on one rank alone, the others wait: end them with abort().
  /// Throws Error, on every rank, where ranks take batches of other sizes, give other counts of
  /// numbers or draw from other positions of their generators.
  std::vector<double> run(std::int64_t batch,
                          const std::function<ShardResult(const Shard&)>& forward);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// Throws Error, on every rank, where the ranks' processors or builds may compute other bits:
/// another version, compiler, flags or Eigen, another level of vector instructions (`plastic
/// info`), another precision.
void check_same_processor(Communicator& among = world());

}  // namespace plastic::distributed

#pragma GCC visibility pop
