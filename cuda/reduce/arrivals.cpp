#include "cuda/reduce/arrivals.h"

#include <cstddef>

#include "cuda/runtime/check.h"
#include "cuda/runtime/per_device.h"

namespace plastic::cuda {
namespace {

struct Owned {
  // On a stream of its own: the device's may be under capture.
  explicit Owned(int index) {
    count = 2 * static_cast<unsigned>(Context::of(index).multiprocessors());
    const std::size_t bytes = count * sizeof(unsigned);
    cudaStream_t stream = nullptr;
    void* data = nullptr;
    check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
    check(cudaMallocAsync(&data, bytes, stream), "cudaMallocAsync of ", bytes, " bytes");
    check(cudaMemsetAsync(data, 0, bytes, stream), "cudaMemsetAsync");
    check(cudaStreamSynchronize(stream), "cudaStreamSynchronize");
    check(cudaStreamDestroy(stream), "cudaStreamDestroy");
    counters = static_cast<unsigned*>(data);
  }

  unsigned* counters = nullptr;
  unsigned count = 0;
};

}  // namespace

Arrivals arrivals(const Context& context) {
  static auto& all = *new PerDevice<Owned>(devices().count);
  const Owned& own = all.of(context.index());
  return {.counters = own.counters, .count = own.count};
}

}  // namespace plastic::cuda
