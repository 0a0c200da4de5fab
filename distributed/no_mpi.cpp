// In place of mpi.cpp where the library is built without MPI.
#include "core/check.h"
#include "distributed/world.h"

namespace plastic::distributed {

bool is_available() { return false; }

Started start_mpi() {
  fail("distributed", "this process is one of ", launched_size(),
       ", and Plastic was built without MPI; install Open MPI (libopenmpi-dev), configure with "
       "PLASTIC_MPI=ON and build again, or start one process");
}

}  // namespace plastic::distributed
