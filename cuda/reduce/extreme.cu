// Positions of largest and smallest elements, and whether all are finite.
#include "cuda/runtime/check.h"
#include "cuda/runtime/cuda_backend.h"
#include "cuda/runtime/launch.h"
#include "cuda/runtime/number.h"
#include "cuda/runtime/scratch.h"

namespace plastic::cuda {
namespace {

template <class T>
struct Candidate {
  T value;
  /// Negative for none.
  std::int64_t place;
};

/// Whether `a` is chosen before `b`: NaN before numbers, and of equals the first.
template <class T>
__device__ bool is_before(Extreme which, const Candidate<T>& a, const Candidate<T>& b) {
  if (b.place < 0) return true;
  if (a.place < 0) return false;
  const bool a_is_nan = a.value != a.value;
  const bool b_is_nan = b.value != b.value;
  if (a_is_nan != b_is_nan) return a_is_nan;
  if (a_is_nan || a.value == b.value) return a.place < b.place;
  return which == Extreme::largest ? a.value > b.value : a.value < b.value;
}

/// `team` threads, 1, 32 or the block, choose from each line of `count` elements `inner` apart.
template <class T, unsigned team>
__global__ void __launch_bounds__(block_threads)
    choose(Extreme which, const T* in, std::int64_t lines, std::int64_t count, std::int64_t inner,
           std::int64_t* out) {
  using Value = computed<T>;
  const unsigned lane = threadIdx.x % team;
  constexpr unsigned teams = block_threads / team;
  const std::int64_t line = std::int64_t{blockIdx.x} * teams + threadIdx.x / team;
  // A team leaves as one.
  if (line >= lines) return;
  const T* from = in + line / inner * count * inner + line % inner;
  Candidate<Value> best{Value{}, -1};
  for (std::int64_t i = lane; i < count; i += team) {
    const Candidate<Value> next{widen(from[i * inner]), i};
    if (is_before(which, next, best)) best = next;
  }
  if constexpr (team > 1) {
    for (int step = 16; step > 0; step /= 2) {
      // Bytes come back as int.
      const auto value = static_cast<Value>(__shfl_xor_sync(0xFFFFFFFFU, best.value, step));
      const Candidate<Value> other{value, __shfl_xor_sync(0xFFFFFFFFU, best.place, step)};
      if (is_before(which, other, best)) best = other;
    }
  }
  if constexpr (team == block_threads) {
    constexpr unsigned warps = block_threads / 32;
    __shared__ Value values[warps];
    __shared__ std::int64_t places[warps];
    if (threadIdx.x % 32 == 0) {
      values[threadIdx.x / 32] = best.value;
      places[threadIdx.x / 32] = best.place;
    }
    __syncthreads();
    for (unsigned i = 0; i < warps; ++i) {
      const Candidate<Value> other{values[i], places[i]};
      if (is_before(which, other, best)) best = other;
    }
  }
  if (lane == 0) out[line] = best.place;
}

template <class T, unsigned team>
void choose_by(Context& context, Extreme which, const Array& in, const Array& out) {
  constexpr std::int64_t teams = block_threads / team;
  const std::int64_t lines = out.numel();
  const Grid grid{.blocks = dim3(static_cast<unsigned>((lines + teams - 1) / teams))};
  launch(context, "arg_extreme", choose<T, team>, grid, which, in.as<T>(), lines, in.shape[1],
         in.shape[2], out.as<std::int64_t>());
}

template <class T>
__global__ void __launch_bounds__(block_threads)
    find_not_finite(const T* in, std::int64_t count, int* found) {
  bool any = false;
  const std::int64_t step = std::int64_t{gridDim.x} * blockDim.x;
  for (std::int64_t i = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += step) {
    const computed<T> value = widen(in[i]);
    // Inf - Inf and NaN - NaN are NaN.
    any = any || value - value != computed<T>{0};
  }
  if (any) atomicOr(found, 1);
}

}  // namespace

void CudaBackend::arg_extreme(Extreme which, const Array& in, const Array& out) {
  Context& context = use();
  const std::int64_t count = in.shape[1];
  const std::int64_t lines = out.numel();
  if (lines == 0) return;
  // Enough lines to keep a device busy with one thread each, which reads in order if inner is
  // large.
  constexpr std::int64_t many_lines = 1 << 16;
  const bool alone = count < 16 || (in.shape[2] >= 32 && lines >= many_lines);
  with_number(in.dtype, [&](auto zero) {
    using T = decltype(zero);
    if (alone) {
      choose_by<T, 1>(context, which, in, out);
    } else if (count < 4 * block_threads) {
      choose_by<T, 32>(context, which, in, out);
    } else {
      choose_by<T, block_threads>(context, which, in, out);
    }
  });
}

bool CudaBackend::all_finite(const Array& in) {
  Context& context = use();
  context.check_not_recording("all_finite");
  if (in.numel() == 0 || !is_floating_point(in.dtype)) return true;
  const Scratch found(context, sizeof(int));
  check(cudaMemsetAsync(found.as<int>(), 0, sizeof(int), context.stream()), "cudaMemsetAsync");
  with_real(in.dtype, [&](auto zero) {
    using T = decltype(zero);
    launch(context, "all_finite", find_not_finite<T>, grid_for(context, in.numel()), in.as<T>(),
           in.numel(), found.as<int>());
  });
  int any = 0;
  check(
      cudaMemcpyAsync(&any, found.as<int>(), sizeof(any), cudaMemcpyDeviceToHost, context.stream()),
      "cudaMemcpyAsync in all_finite");
  context.wait("all_finite");
  return any == 0;
}

}  // namespace plastic::cuda
