#include "cuda/runtime/check.h"
#include "cuda/runtime/launch.h"
#include "cuda/runtime/tuning.h"

namespace plastic::cuda {
namespace {

constexpr int measured_runs = 3;
/// Below that a difference is taken for noise.
constexpr float clearly_faster = 0.97F;
/// Cycles of the device's clock, a third to two thirds of a millisecond: longer than the host takes
/// to issue the runs of one way, so that what is measured are kernels that follow each other.
constexpr long long cycles_in_front = 1'000'000;
/// The device raises its clock while it works.
constexpr long long cycles_to_warm_up = 20'000'000;

__global__ void occupy(long long cycles) {
  const long long begin = clock64();
  while (clock64() - begin < cycles) {
  }
}

void occupy_for(const Context& context, long long cycles) {
  launch(context, "occupy", occupy, {.blocks = 1, .threads = 1}, cycles);
}

class Event {
 public:
  Event() { check(cudaEventCreate(&event_), "cudaEventCreate"); }
  ~Event() { cudaEventDestroy(event_); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  void record(cudaStream_t stream) { check(cudaEventRecord(event_, stream), "cudaEventRecord"); }
  float milliseconds_since(const Event& start) {
    check(cudaEventSynchronize(event_), "cudaEventSynchronize");
    float time = 0;
    check(cudaEventElapsedTime(&time, start.event_, event_), "cudaEventElapsedTime");
    return time;
  }

 private:
  cudaEvent_t event_ = nullptr;
};

}  // namespace

std::size_t fastest(Context& context, std::size_t count,
                    const std::function<bool(std::size_t)>& run) {
  std::size_t best = count;
  float best_time = 0;
  Event start;
  Event end;
  occupy_for(context, cycles_to_warm_up);
  for (std::size_t i = 0; i < count; ++i) {
    // The first run loads the kernel.
    bool works = run(i);
    occupy_for(context, cycles_in_front);
    start.record(context.stream());
    for (int repeat = 0; works && repeat < measured_runs; ++repeat) works = run(i);
    end.record(context.stream());
    const float time = end.milliseconds_since(start);
    if (works && (best == count || time < clearly_faster * best_time)) {
      best = i;
      best_time = time;
    }
  }
  return best;
}

}  // namespace plastic::cuda
