// What NeuroPlasticDiagnostics is made of, where a step asks for it: one pass over g, θ, a and w
// between observe and measure, and one block that adds up. A step that asked when it was captured
// computes it in every replay, unless the step prepared for that replay does not ask.
#include <algorithm>
#include <iterator>

#include "cuda/optim/neuroplastic.h"
#include "cuda/runtime/check.h"

namespace plastic::cuda {
namespace {

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
  const np::Coefficient c = head.coefficients[chunk.tensor];
  // In f64: squares may not fit into f32, and the deviation of α is a difference of nearly equal
  // sums.
  double sums[np::below_count] = {};
  int counts[2] = {};
  Extremes extremes = nothing();
  const np::Piece p = piece_of(head, chunk);
  for_floats(chunk, p.theta, [&]<int n>(Width<n>, int i) {
    const Floats<n> g = load<n>(p.gradient + i);
    const Floats<n> theta = load<n>(p.theta + i);
    const Floats<n> a = load<n>(p.activity + i);
    const Floats<n> w = load<n>(p.carried + i);
    for (int k = 0; k < n; ++k) {
      const np::Alpha alpha = np::alpha(c, g[k], a[k], w[k]);
      const auto full = static_cast<double>(alpha.full);
      const auto gradient = static_cast<double>(g[k]);
      const auto parameter = static_cast<double>(theta[k]);
      const double added = (full - static_cast<double>(alpha.gradient_only)) * gradient;
      sums[np::alpha_sum] += full;
      sums[np::alpha_square] += full * full;
      sums[np::gradient_square] += gradient * gradient;
      sums[np::parameter_square] += parameter * parameter;
      sums[np::residual_square] += added * added;
      counts[0] += alpha.full <= head.near_low ? 1 : 0;
      counts[1] += alpha.full >= head.near_high ? 1 : 0;
      extremes.add(alpha.full, alpha.full);
      atomicAdd(&histogram[bin_of(head, alpha.full)], 1U);
    }
  });
  block_sums(sums, [&](unsigned k, double sum) { out.sum[k] = sum; });
  block_sums(counts, [&](unsigned k, double sum) { out.sum[np::below_count + k] = sum; });
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
  // The elements' number is added up beside the sums.
  double sums[np::sum_count + 1] = {};
  Extremes extremes = nothing();
  for (unsigned i = threadIdx.x; i < head.table.chunk_count; i += block_threads) {
    const ChunkDiagnostics& chunk = head.diagnosed[i];
    const unsigned tensor = head.table.chunks[i].tensor;
    const auto decay = static_cast<double>(head.decided[tensor].update.decay);
    const bool is_classic = head.table.tensors[tensor].settings.variant == np::Variant::classic;
    for (int k = 0; k < np::element_sums; ++k) {
      double sum = chunk.sum[k];
      if (k == np::parameter_square) sum = sum * decay * decay;
      if (k == np::residual_square && !is_classic) sum = 0;
      sums[k] += sum;
    }
    extremes.add(chunk.alpha_min, chunk.alpha_max);
  }
  for (unsigned i = threadIdx.x; i < head.table.tensor_count; i += block_threads) {
    const np::Mix& mix = head.measured[i].mix;
    const double effective = head.decided[i].effective_norm;
    sums[np::residual_square] += mix.residual_norm * mix.residual_norm;
    sums[np::raw_update_square] += mix.norm * mix.norm;
    sums[np::effective_update_square] += effective * effective;
    sums[np::sum_count] += static_cast<double>(head.table.tensors[i].numel);
  }
  Totals& totals = *head.totals;
  block_sums(sums, [&](unsigned k, double sum) {
    if (k < np::sum_count) {
      totals.sum[k] = sum;
    } else {
      totals.count = static_cast<unsigned long long>(sum);
    }
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

np::DiagnosticSums read_totals(Context& context, const Totals* totals) {
  context.check_not_recording("diagnostics");
  Totals read{};
  check(cudaMemcpyAsync(&read, totals, sizeof(read), cudaMemcpyDeviceToHost, context.stream()),
        "cudaMemcpyAsync of NeuroPlastic's diagnostics");
  context.wait("diagnostics");
  np::DiagnosticSums out;
  if (read.count == 0) return out;
  out.low = read.low;
  out.high = read.high;
  out.near_low = read.near_low;
  out.near_high = read.near_high;
  out.count = static_cast<std::int64_t>(read.count);
  out.alpha_min = read.alpha_min;
  out.alpha_max = read.alpha_max;
  std::copy(std::begin(read.sum), std::end(read.sum), out.sum);
  for (std::size_t i = 0; i < out.histogram.size(); ++i) {
    out.histogram[i] = static_cast<std::int64_t>(read.histogram[i]);
  }
  return out;
}

}  // namespace plastic::cuda
