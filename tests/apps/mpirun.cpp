#include "tests/apps/mpirun.h"

#include <doctest/doctest.h>

#include <cstdlib>

#include "plastic/distributed.h"

namespace plastic::test {

bool has_mpirun() {
  // Where there is no network interface at all, not even lo, Open MPI starts nothing.
  const std::string trial = mpirun(2) + "true >/dev/null 2>&1";
  if (distributed::is_available() && std::system(trial.c_str()) == 0) return true;
  MESSAGE("skipped: Plastic was built without MPI, or mpirun does not start processes here");
  return false;
}

// Open MPI refuses root, and more ranks than processors, unless it is told otherwise.
std::string mpirun(int ranks) {
  return "env OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 mpirun --timeout 100 "
         "--oversubscribe --bind-to none -n " +
         std::to_string(ranks) + " ";
}

std::string patient_mpirun(int ranks) {
  return mpirun(ranks) + "--mca odls_base_sigkill_timeout 5 ";
}

}  // namespace plastic::test
