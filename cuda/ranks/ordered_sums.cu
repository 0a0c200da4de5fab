// Sums of several arrays in a fixed order, such as those of shards along their tree: one pass that
// reads each array once.
#include "core/check.h"
#include "core/device/ordered_sums.h"
#include "cuda/runtime/cuda_backend.h"
#include "cuda/runtime/launch.h"
#include "cuda/runtime/pack.h"

namespace plastic::cuda {
namespace {

struct Terms {
  const float* values[OrderedSums::max_terms];
  std::uint8_t joins[OrderedSums::max_terms];
  int count;
};

/// Elements are added, and nothing is multiplied: there is nothing to contract, so the bits are the
/// CPU's.
template <int width>
__global__ void __launch_bounds__(block_threads)
    ordered_sum(const __grid_constant__ Terms terms, std::int64_t packs, float* out) {
  using Floats = Pack<float, width>;
  const std::int64_t step = std::int64_t{gridDim.x} * blockDim.x;
  for (std::int64_t i = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < packs; i += step) {
    Floats stack[OrderedSums::max_height];
    int height = 0;
    for (int t = 0; t < terms.count; ++t) {
      stack[height++] = reinterpret_cast<const Floats*>(terms.values[t])[i];
      for (int j = 0; j < terms.joins[t]; ++j) {
        --height;
#pragma unroll
        for (int e = 0; e < width; ++e) stack[height - 1].values[e] += stack[height].values[e];
      }
    }
    reinterpret_cast<Floats*>(out)[i] = stack[0];
  }
}

Terms checked(std::span<const AddedTerm> terms) {
  Terms result{};
  int height = 0;
  bool is_sound = !terms.empty() && terms.size() <= OrderedSums::max_terms;
  for (std::size_t t = 0; is_sound && t < terms.size(); ++t) {
    is_sound = ++height <= OrderedSums::max_height && terms[t].joins >= 0;
    height -= terms[t].joins;
    is_sound = is_sound && height >= 1;
    result.values[t] = terms[t].values;
    result.joins[t] = static_cast<std::uint8_t>(terms[t].joins);
  }
  if (!is_sound || height != 1) {
    fail("add_in_order", terms.size(), " terms that leave ", height, " numbers; give at most ",
         OrderedSums::max_terms, ", joined to one");
  }
  result.count = static_cast<int>(terms.size());
  return result;
}

template <int width>
void launch_sum(const Context& context, const Terms& terms, std::int64_t packs, float* out) {
  launch(context, "add_in_order", ordered_sum<width>, grid_for(context, packs), terms, packs, out);
}

}  // namespace

void CudaBackend::add_in_order(std::span<const AddedTerm> terms, std::int64_t count, float* out) {
  const Terms all = checked(terms);
  if (count == 0 || (terms.size() == 1 && terms[0].values == out)) return;
  Context& context = use();
  constexpr int wide = 4;
  bool fits = count % wide == 0 && is_aligned_for<wide>(out);
  for (const AddedTerm& term : terms) fits = fits && is_aligned_for<wide>(term.values);
  if (fits) {
    launch_sum<wide>(context, all, count / wide, out);
  } else {
    launch_sum<1>(context, all, count, out);
  }
}

}  // namespace plastic::cuda
