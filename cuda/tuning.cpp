#include "cuda/tuning.h"

#include "cuda/check.h"

namespace plastic::cuda {
namespace {

constexpr int measured_runs = 3;
/// Below that a difference is taken for noise.
constexpr float clearly_faster = 0.97F;

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
  for (std::size_t i = 0; i < count; ++i) {
    // The first run loads the kernel.
    bool works = run(i);
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
