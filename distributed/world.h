#pragma once

#include <memory>

#include "plastic/distributed.h"

namespace plastic::distributed {

/// The processes that MPI started.
struct Started {
  /// MPI_COMM_WORLD.
  std::unique_ptr<Communicator> world = {};
  /// This process among those on this machine.
  int local_rank = 0;
  int local_size = 1;
};

/// Starts MPI; where the library was built without it, throws Error.
Started start_mpi();

}  // namespace plastic::distributed
