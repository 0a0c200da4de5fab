#pragma once

#include <string>

namespace plastic::test {

/// Whether tests can start the program as several ranks: otherwise says so, for a case to end.
bool has_mpirun();

/// What starts it so, before its path: mpirun, which may start more ranks than there are
/// processors, and which is ended where it hangs.
std::string mpirun(int ranks);

}  // namespace plastic::test
