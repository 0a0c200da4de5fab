#pragma once

#include <memory>

#include "plastic/distributed.h"

namespace plastic::distributed {

/// Starts MPI and gives its MPI_COMM_WORLD; where the library was built without it, throws Error.
std::unique_ptr<Communicator> start_mpi();

}  // namespace plastic::distributed
