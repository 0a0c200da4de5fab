#pragma once

#include <map>
#include <string>

namespace plastic::bench {

/// Seconds and calls of one kind of work of the CPU device.
struct TimeOfOp {
  double seconds = 0;
  long calls = 0;
};

/// From now on the CPU device notes the time of its calls, which must come from one thread.
void time_cpu_device();

/// What the CPU device was busy with since time_cpu_device() or the last clear_times(), by function
/// of Backend.
const std::map<std::string, TimeOfOp>& times_of_ops();
void clear_times();

}  // namespace plastic::bench
