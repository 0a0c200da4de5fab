#include "tests/apps/mpirun.h"

#include <doctest/doctest.h>

#include <cstdlib>

#include "plastic/distributed.h"

namespace plastic::test {

bool has_mpirun() {
  if (distributed::is_available() && std::system("command -v mpirun >/dev/null") == 0) return true;
  MESSAGE("skipped: Plastic was built without MPI, or there is no mpirun");
  return false;
}

// Open MPI refuses root, and more ranks than processors, unless it is told otherwise.
std::string mpirun(int ranks) {
  return "env OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 mpirun --timeout 100 "
         "--oversubscribe --bind-to none -n " +
         std::to_string(ranks) + " ";
}

}  // namespace plastic::test
