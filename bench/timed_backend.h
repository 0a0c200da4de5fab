#pragma once

#include <map>
#include <string>

namespace plastic::bench {

/// Seconds and calls of one kind of work of the CPU device.
struct TimeOfOp {
  double seconds = 0;
  long calls = 0;
};

/// What the CPU device was busy with since the start or the last clear_times(), by function of
/// Backend. A program that links this file, with the linker's --wrap=SYMBOL for cpu_backend(), is
/// timed; calls must come from one thread.
const std::map<std::string, TimeOfOp>& times_of_ops();
void clear_times();

}  // namespace plastic::bench
