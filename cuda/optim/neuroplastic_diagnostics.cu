// What NeuroPlasticDiagnostics is made of, where a step asks: one pass over g, θ, a and w between
// observe and measure, and one block that adds up. A recorded step that asked when it was recorded
// counts in every repetition, unless the step prepared for that one does not ask.
#include "cuda/optim/neuroplastic.h"
#include "cuda/runtime/check.h"
#include "cuda/runtime/floats.h"

namespace plastic::cuda {
namespace {

namespace rule = optim::rule;
using Head = NeuroPlasticHead;
using Totals = DiagnosticTotals;

struct Extremes {
  float min = 0, max = 0;

  __device__ void add(float low, float high) {
    min = low < min ? low : min;
    max = high > max ? high : max;
  }
};

__device__ Extremes nothing() { return {INFINITY, -INFINITY}; }

/// Over the block; thread 0 gets them.
__device__ Extremes block_extremes(Extremes own) {
  constexpr unsigned warps = block_threads / 32;
  __shared__ Extremes of_warps[warps];
  for (int step = 16; step > 0; step /= 2) {
    const float low = __shfl_xor_sync(0xFFFFFFFFU, own.min, step);
    const float high = __shfl_xor_sync(0xFFFFFFFFU, own.max, step);
    own.add(low, high);
  }
  // Those of an earlier call may still be read.
  __syncthreads();
  if (threadIdx.x % 32 == 0) of_warps[threadIdx.x / 32] = own;
  __syncthreads();
  for (unsigned i = 0; i < warps && threadIdx.x == 0; ++i) {
    own.add(of_warps[i].min, of_warps[i].max);
  }
  return own;
}

/// The bin of α; the one past the last takes what is outside.
__device__ unsigned bin_of(const Head& head, float alpha) {
  constexpr float bins = Totals::bins;
  if (!(alpha >= head.low && alpha <= head.high && head.high > head.low)) return Totals::bins;
  const float position = (alpha - head.low) * (bins / (head.high - head.low));
  return static_cast<unsigned>(position < bins ? position : bins - 1);
}

__device__ void diagnose_chunk(const Head& head, const Chunk& chunk, unsigned* histogram,
                               ChunkDiagnostics& out) {
  const rule::Coefficient c = head.coefficients[chunk.tensor];
  // In f64: squares may not fit into f32, and the deviation of α is a difference of nearly equal
  // sums.
  double sums[5] = {};
  int counts[2] = {};
  Extremes extremes = nothing();
  const ChunkPointers p = pointers(head, chunk);
  for_floats(chunk, p.theta, [&]<int n>(Width<n>, int i) {
    const Floats<n> g = load<n>(p.g + i);
    const Floats<n> theta = load<n>(p.theta + i);
    const Floats<n> a = load<n>(p.a + i);
    const Floats<n> w = load<n>(p.w + i);
    for (int k = 0; k < n; ++k) {
      const rule::Alpha alpha = rule::alpha(c, g[k], a[k], w[k]);
      const auto full = static_cast<double>(alpha.full);
      const auto gradient = static_cast<double>(g[k]);
      const auto parameter = static_cast<double>(theta[k]);
      const double added = (full - static_cast<double>(alpha.gradient_only)) * gradient;
      sums[0] += full;
      sums[1] += full * full;
      sums[2] += gradient * gradient;
      sums[3] += parameter * parameter;
      sums[4] += added * added;
      counts[0] += alpha.full <= head.near_low ? 1 : 0;
      counts[1] += alpha.full >= head.near_high ? 1 : 0;
      extremes.add(alpha.full, alpha.full);
      atomicAdd(&histogram[bin_of(head, alpha.full)], 1U);
    }
  });
  double* const sum_fields[] = {&out.alpha, &out.alpha_square, &out.gradient_square,
                                &out.parameter_square, &out.residual_square};
  double* const count_fields[] = {&out.below, &out.above};
  block_sums(sums, [&](unsigned k, double sum) { *sum_fields[k] = sum; });
  block_sums(counts, [&](unsigned k, double sum) { *count_fields[k] = sum; });
  extremes = block_extremes(extremes);
  if (threadIdx.x == 0) {
    out.alpha_min = extremes.min;
    out.alpha_max = extremes.max;
  }
}

__global__ void __launch_bounds__(block_threads) diagnose_kernel(const Head* address) {
  const Head& head = *address;
  if (!head.is_diagnosed) return;
  __shared__ unsigned histogram[Totals::bins + 1];
  if (threadIdx.x < Totals::bins + 1) histogram[threadIdx.x] = 0;
  __syncthreads();
  for_own_chunks(head.table, [&](const Chunk& chunk, unsigned index) {
    diagnose_chunk(head, chunk, histogram, head.diagnosed[index]);
  });
  __syncthreads();
  if (threadIdx.x < Totals::bins && histogram[threadIdx.x] > 0) {
    atomicAdd(&head.totals->histogram[threadIdx.x],
              static_cast<unsigned long long>(histogram[threadIdx.x]));
  }
}

/// Adds up over chunks and tensors; one block.
__global__ void __launch_bounds__(block_threads) total_kernel(const Head* address) {
  const Head& head = *address;
  if (!head.is_diagnosed) return;
  double sums[Totals::sums] = {};
  Extremes extremes = nothing();
  for (unsigned i = threadIdx.x; i < head.table.chunk_count; i += block_threads) {
    const ChunkDiagnostics& chunk = head.diagnosed[i];
    const unsigned tensor = head.table.chunks[i].tensor;
    const auto decay = static_cast<double>(head.decided[tensor].update.decay);
    const bool is_classic =
        head.table.tensors[tensor].rule.settings.variant == rule::Variant::classic;
    sums[0] += chunk.alpha;
    sums[1] += chunk.alpha_square;
    sums[2] += chunk.gradient_square;
    sums[3] += chunk.parameter_square * decay * decay;
    sums[4] += is_classic ? chunk.residual_square : 0;
    sums[5] += chunk.below;
    sums[6] += chunk.above;
    extremes.add(chunk.alpha_min, chunk.alpha_max);
  }
  for (unsigned i = threadIdx.x; i < head.table.tensor_count; i += block_threads) {
    const rule::Mix& mix = head.measured[i].mix;
    const double effective = head.decided[i].effective_norm;
    sums[4] += mix.residual_norm * mix.residual_norm;
    sums[7] += mix.norm * mix.norm;
    sums[8] += effective * effective;
    sums[9] += static_cast<double>(head.table.tensors[i].numel);
  }
  Totals& totals = *head.totals;
  block_sums(sums, [&](unsigned k, double sum) {
    totals.sum[k] = sum;
    if (k == 9) totals.count = static_cast<unsigned long long>(sum);
  });
  extremes = block_extremes(extremes);
  if (threadIdx.x != 0) return;
  totals.alpha_min = extremes.min;
  totals.alpha_max = extremes.max;
  totals.low = head.low;
  totals.high = head.high;
  totals.near_low = head.near_low;
  totals.near_high = head.near_high;
}

}  // namespace

void launch_diagnose(Context& context, const Grid& grid, const Head* head) {
  launch(context, "neuroplastic diagnose", diagnose_kernel, grid, head);
}

void launch_total(Context& context, const Head* head) {
  launch(context, "neuroplastic total", total_kernel, Grid{}, head);
}

optim::DiagnosticSums read_totals(Context& context, const Totals* totals) {
  context.check_not_recording("diagnostics");
  Totals read{};
  check(cudaMemcpyAsync(&read, totals, sizeof(read), cudaMemcpyDeviceToHost, context.stream()),
        "cudaMemcpyAsync of NeuroPlastic's diagnostics");
  context.wait("diagnostics");
  optim::DiagnosticSums out;
  if (read.count == 0) return out;
  out.low = read.low;
  out.high = read.high;
  out.near_low = read.near_low;
  out.near_high = read.near_high;
  out.count = static_cast<std::int64_t>(read.count);
  out.alpha = read.sum[0];
  out.alpha_square = read.sum[1];
  out.alpha_min = read.alpha_min;
  out.alpha_max = read.alpha_max;
  out.gradient_square = read.sum[2];
  out.parameter_square = read.sum[3];
  out.residual_square = read.sum[4];
  out.below = static_cast<std::int64_t>(read.sum[5]);
  out.above = static_cast<std::int64_t>(read.sum[6]);
  out.raw_update_square = read.sum[7];
  out.effective_update_square = read.sum[8];
  for (std::size_t i = 0; i < out.histogram.size(); ++i) {
    out.histogram[i] = static_cast<std::int64_t>(read.histogram[i]);
  }
  return out;
}

}  // namespace plastic::cuda
