// Threads of a block as coroutines on one thread of the host: a barrier is where they take turns.
#include <cuda_runtime.h>
#include <setjmp.h>
#include <ucontext.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "tests/emulator/capture.h"
#include "tests/emulator/device_memory.h"
#include "tests/emulator/options.h"

// Those of the thread that runs.
uint3 threadIdx;
uint3 blockIdx;
dim3 blockDim;
dim3 gridDim;

namespace plastic::emulator {
namespace {

constexpr std::size_t stack_bytes = std::size_t{64} << 10;
constexpr unsigned warp_threads = 32;

enum class State { ready, at_block_barrier, at_warp_barrier, done };

struct Fiber {
  /// Where it continues. Jumps, unlike swapcontext, need no system call.
  jmp_buf place;
  bool has_begun = false;
  std::unique_ptr<char[]> stack = std::make_unique<char[]>(stack_bytes);
  State state = State::done;
};

struct Slot {
  alignas(16) unsigned char bytes[16];
};

std::vector<std::unique_ptr<Fiber>> fibers;
std::vector<Slot> slots;
jmp_buf scheduler;
const std::function<void()>* body = nullptr;
unsigned running = 0;

void wait_in(State state) {
  Fiber& fiber = *fibers[running];
  fiber.state = state;
  if (_setjmp(fiber.place) == 0) _longjmp(scheduler, 1);
}

/// One thread of a block after the other, of this place in the block.
void run_fiber() {
  while (true) {
    (*body)();
    wait_in(State::done);
  }
}

/// Gives the fiber a stack of its own and begins it there.
void begin(Fiber& fiber) {
  ucontext_t context{};
  getcontext(&context);
  context.uc_stack.ss_sp = fiber.stack.get();
  context.uc_stack.ss_size = stack_bytes;
  makecontext(&context, run_fiber, 0);
  fiber.has_begun = true;
  setcontext(&context);
}

/// Until it waits.
void go_on(Fiber& fiber) {
  if (_setjmp(scheduler) != 0) return;
  if (fiber.has_begun) _longjmp(fiber.place, 1);
  begin(fiber);
}

uint3 index_of(unsigned thread) {
  return {.x = thread % blockDim.x,
          .y = thread / blockDim.x % blockDim.y,
          .z = thread / blockDim.x / blockDim.y};
}

[[noreturn]] void fail_at_barrier() {
  std::fprintf(stderr, "emulator: threads of a block wait at different barriers\n");
  std::abort();
}

/// Lets all that wait at `barrier` continue if all of the range have come there or ended.
bool release(unsigned first, unsigned last, State barrier) {
  bool any = false;
  for (unsigned i = first; i < last; ++i) {
    const State state = fibers[i]->state;
    if (state == State::done) continue;
    if (state != barrier) return false;
    any = true;
  }
  for (unsigned i = first; any && i < last; ++i) {
    if (fibers[i]->state == barrier) fibers[i]->state = State::ready;
  }
  return any;
}

/// In which the threads of a block run until the next barrier.
const std::vector<unsigned>& order_of(unsigned threads) {
  static std::vector<unsigned> order;
  static std::mt19937 random;
  if (order.size() != threads) {
    order.resize(threads);
    for (unsigned i = 0; i < threads; ++i) order[i] = i;
  }
  if (options().shuffled) {
    for (unsigned i = threads; i > 1; --i) {
      std::swap(order[i - 1], order[static_cast<unsigned>(random()) % i]);
    }
  }
  return order;
}

void run_block(unsigned threads) {
  for (unsigned i = 0; i < threads; ++i) fibers[i]->state = State::ready;
  while (true) {
    bool progress = false;
    bool left = false;
    for (const unsigned i : order_of(threads)) {
      if (fibers[i]->state != State::ready) continue;
      running = i;
      threadIdx = index_of(i);
      go_on(*fibers[i]);
      progress = true;
    }
    for (unsigned first = 0; first < threads; first += warp_threads) {
      const unsigned last = first + warp_threads < threads ? first + warp_threads : threads;
      progress = release(first, last, State::at_warp_barrier) || progress;
    }
    progress = release(0, threads, State::at_block_barrier) || progress;
    for (unsigned i = 0; i < threads; ++i) left = left || fibers[i]->state != State::done;
    if (!left) return;
    if (!progress) fail_at_barrier();
  }
}

}  // namespace

void block_barrier() { wait_in(State::at_block_barrier); }
void warp_barrier() { wait_in(State::at_warp_barrier); }
unsigned own_lane() { return running % warp_threads; }
void* lane_slot(unsigned lane) { return slots[running / warp_threads * warp_threads + lane].bytes; }

void run_grid(dim3 blocks, dim3 threads, const std::function<void()>& thread) {
  if (is_idle()) return;
  const DeviceAccess access;
  const unsigned count = threads.x * threads.y * threads.z;
  while (fibers.size() < count) fibers.push_back(std::make_unique<Fiber>());
  if (slots.size() < count + warp_threads) slots.resize(count + warp_threads);
  body = &thread;
  blockDim = threads;
  gridDim = blocks;
  const auto at = [](unsigned i, unsigned size) { return options().backwards ? size - 1 - i : i; };
  for (unsigned z = 0; z < blocks.z; ++z) {
    for (unsigned y = 0; y < blocks.y; ++y) {
      for (unsigned x = 0; x < blocks.x; ++x) {
        blockIdx = {.x = at(x, blocks.x), .y = at(y, blocks.y), .z = at(z, blocks.z)};
        run_block(count);
      }
    }
  }
}

cudaError_t check_config(const cudaLaunchConfig_t& config) {
  const dim3& blocks = config.gridDim;
  const dim3& threads = config.blockDim;
  constexpr unsigned max_threads = 1024;
  constexpr unsigned max_rows = 65535;
  const bool sound = blocks.x >= 1 && blocks.y >= 1 && blocks.z >= 1 && blocks.x <= 0x7FFFFFFFU &&
                     blocks.y <= max_rows && blocks.z <= max_rows && threads.x >= 1 &&
                     threads.y >= 1 && threads.z >= 1 &&
                     threads.x * threads.y * threads.z <= max_threads && threads.z <= 64 &&
                     config.dynamicSmemBytes == 0;
  return sound ? cudaSuccess : cudaErrorInvalidConfiguration;
}

}  // namespace plastic::emulator
