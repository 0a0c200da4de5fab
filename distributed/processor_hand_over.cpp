#include "distributed/processor_hand_over.h"

#ifdef __linux__
#include <pthread.h>
#include <sched.h>
#endif

namespace plastic::distributed {

#ifdef __linux__

// On a machine of more processors than a set holds it is not known, and nothing is done.
struct ProcessorHandOver::Mask {
  cpu_set_t set = {};
  bool is_known = false;
};

ProcessorHandOver::Thread ProcessorHandOver::this_thread() { return pthread_self(); }

void ProcessorHandOver::begin() {
  mask_->is_known = sched_getaffinity(0, sizeof(mask_->set), &mask_->set) == 0;
}

void ProcessorHandOver::give(Thread to) {
  const int processor = sched_getcpu();
  if (!mask_->is_known || processor < 0 || processor >= CPU_SETSIZE) return;
  cpu_set_t only;
  CPU_ZERO(&only);
  CPU_SET(static_cast<unsigned>(processor), &only);
  pthread_setaffinity_np(to, sizeof(only), &only);
}

void ProcessorHandOver::take() {
  if (mask_->is_known) sched_setaffinity(0, sizeof(mask_->set), &mask_->set);
}

#else

struct ProcessorHandOver::Mask {};

ProcessorHandOver::Thread ProcessorHandOver::this_thread() { return {}; }
void ProcessorHandOver::begin() {}
void ProcessorHandOver::give(Thread) {}
void ProcessorHandOver::take() {}

#endif

ProcessorHandOver::ProcessorHandOver() : mask_(std::make_unique<Mask>()) {}

ProcessorHandOver::~ProcessorHandOver() = default;

}  // namespace plastic::distributed
