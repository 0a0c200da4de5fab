#pragma once

#include <string>

namespace plastic::test {

/// Whether tests can start the program as several ranks: otherwise says so, for a case to end.
bool has_mpirun();

/// What starts it so, before its path: mpirun, which may start more ranks than there are
/// processors, and which is ended where it hangs.
std::string mpirun(int ranks);

/// The same for ranks that are to stop by SIGTERM: Open MPI waits five seconds, and not one, before
/// it passes the signal on, and again before it kills them, so that a busy machine has time to
/// save. In all that time it reads nothing that they print.
std::string patient_mpirun(int ranks);

}  // namespace plastic::test
