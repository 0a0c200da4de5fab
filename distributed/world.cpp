#include "distributed/world.h"

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <string_view>

#include "core/check.h"

namespace plastic::distributed {
namespace {

/// A process alone.
class Alone : public Communicator {
 public:
  int rank() const override { return 0; }
  int size() const override { return 1; }
  void barrier() override {}
  void broadcast(std::span<std::byte>, int) override {}
  void all_gather(std::span<const std::byte> mine, std::span<std::byte> all) override {
    if (!mine.empty()) std::memcpy(all.data(), mine.data(), mine.size());
  }
  void all_gather_parts(std::span<std::byte>, std::span<const std::size_t>) override {}
  void exchange(std::span<const std::span<const std::byte>>,
                std::span<const std::span<std::byte>>) override {}
  void all_reduce_plain(std::span<float>) override {}
  void abort(int code) noexcept override { std::_Exit(code); }
  void send(std::span<const std::byte>, int to) override {
    fail("distributed", "a message to rank ", to, ", but this process is alone");
  }
  bool try_receive(std::vector<std::byte>&, int&) override { return false; }
};

/// The whole number that a variable of the environment holds; 0 where it holds none.
int number_in(const char* name) {
  const char* const text = std::getenv(name);
  if (text == nullptr) return 0;
  const std::string_view view = text;
  int number = 0;
  const auto [end, error] = std::from_chars(view.data(), view.data() + view.size(), number);
  return error == std::errc() && end == view.data() + view.size() ? number : 0;
}

/// Without a world before init().
Started& started() {
  static Started processes;
  return processes;
}

/// The first of these variables that holds a number above 0, or 1.
int size_in(std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const int size = number_in(name);
    if (size > 0) return size;
  }
  return 1;
}

}  // namespace

// What Open MPI's mpirun sets, MPICH's and its kin's, and Slurm's srun.
int launched_size() {
  return size_in({"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS"});
}

int local_rank() {
  if (started().world) return started().local_rank;
  for (const char* name : {"OMPI_COMM_WORLD_LOCAL_RANK", "MPI_LOCALRANKID", "SLURM_LOCALID"}) {
    if (std::getenv(name) != nullptr) return number_in(name);
  }
  return 0;
}

int local_size() {
  if (started().world) return started().local_size;
  return size_in({"OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS", "SLURM_NTASKS_PER_NODE"});
}

void init() {
  const int expected = launched_size();
  if (started().world || expected == 1) return;
  Started processes = start_mpi();
  const int size = processes.world->size();
  if (size != expected) {
    fail("distributed", "this process was started as one of ", expected, ", but MPI has ", size,
         size == 1 ? " process" : " processes",
         "; start it with the mpirun of the MPI that Plastic was built with");
  }
  started() = std::move(processes);
}

Communicator& alone() {
  static Alone only;
  return only;
}

bool is_initialized() { return started().world != nullptr || launched_size() == 1; }

Communicator& world() {
  if (started().world) return *started().world;
  if (is_initialized()) return alone();
  fail("distributed", "this process is one of ", launched_size(),
       " and has not joined the others; call distributed::init() before all else, or give alone()");
}

int rank() { return world().rank(); }

int size() { return world().size(); }

}  // namespace plastic::distributed
