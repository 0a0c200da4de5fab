#include <algorithm>
#include <exception>
#include <iostream>
#include <string>
#include <thread>

#include "core/threads/processors.h"
#include "distributed/end.h"
#include "plastic/core/device.h"
#include "plastic/distributed.h"

namespace plastic::distributed {
namespace {

/// Ends all ranks; alone, gives the code to end with.
int end_all(const std::string& what, int code) {
  std::cout.flush();
  if (!is_initialized() || size() == 1) {
    std::cerr << what + "\n" << std::flush;
    return code;
  }
  let_first_rank_speak();
  std::cerr << "rank " + std::to_string(rank()) + ": " + what + "\n";
  end_ranks(code);
  return code;
}

}  // namespace

int run(const std::function<int()>& body) {
  try {
    init();
    const int code = body();
    return code == 0 || size() == 1 ? code
                                    : end_all("ended with code " + std::to_string(code), code);
  } catch (const std::exception& error) {
    return end_all(error.what(), 1);
  } catch (...) {
    return end_all("what was thrown is no std::exception", 1);
  }
}

int threads_per_rank() {
  // All that are online, bound to or not.
  int all = static_cast<int>(std::thread::hardware_concurrency());
  if (const int quota = quota_of_processors(); quota > 0) all = std::min(all, quota);
  return std::clamp(all / local_size(), 1, num_threads());
}

}  // namespace plastic::distributed
