#include "distributed/end.h"

#include <chrono>
#include <iostream>
#include <thread>

#include "plastic/distributed.h"

namespace plastic::distributed {

void let_first_rank_speak() {
  if (rank() > 0) std::this_thread::sleep_for(std::chrono::seconds(1));
}

void end_ranks(int code) {
  std::cout.flush();
  std::cerr.flush();
  // mpirun may end before it has passed on what was just written.
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  world().abort(code);
}

}  // namespace plastic::distributed
