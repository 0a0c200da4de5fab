#pragma once

/// @file
/// The CUDA kernel of an elementwise rule. For .cu files: includes the CUDA runtime.
///
/// A program that runs a rule of its own on a CUDA device compiles one line with nvcc,
///
///     static const plastic::optim::CudaRule<MyRule> my_rule("my rule");
///
/// and optimizers with that rule then accept parameters on CUDA devices.

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>
#include <utility>

#include "plastic/optim/cuda_step.h"
#include "plastic/optim/elementwise.h"

#pragma GCC visibility push(default)

namespace plastic::cuda {

/// The parameters of a chunk.
template <class Tensor>
__device__ float* parameters_of(const Table<Tensor>& table, const Chunk& chunk) {
  const Tensor& tensor = table.tensors[chunk.tensor];
  return tensor.parameter + (chunk.begin - tensor.offset);
}

/// Calls f(chunk, its index) for the chunks of the table that belong to this block.
template <class Tensor, class F>
__device__ void for_own_chunks(const Table<Tensor>& table, F f) {
  for (unsigned i = blockIdx.x; i < table.chunk_count; i += gridDim.x) {
    const Chunk chunk = table.chunks[i];
    f(chunk, i);
  }
}

/// Adjacent numbers that a thread moves at once: 4, in one access of 16 bytes, or 1.
template <int n>
struct Floats {
  /// The numbers, in the order of memory.
  float x[n];

  /// Number i, to write to.
  __device__ float& operator[](int i) { return x[i]; }
  /// Number i.
  __device__ float operator[](int i) const { return x[i]; }
};

/// n numbers at `from`, through the L2 cache alone, since a kernel visits each number once. The
/// function also tells the compiler what it cannot see when a pointer was itself read from memory:
/// that it points to global memory.
template <int n>
__device__ Floats<n> load(const float* from) {
  if constexpr (n == 4) {
    const float4 v = __ldcg(reinterpret_cast<const float4*>(from));
    return {{v.x, v.y, v.z, v.w}};
  } else {
    return {{__ldcg(from)}};
  }
}

/// Writes n numbers to `to`, as load() reads them.
template <int n>
__device__ void store(float* to, const Floats<n>& floats) {
  if constexpr (n == 4) {
    __stcg(reinterpret_cast<float4*>(to), float4{floats[0], floats[1], floats[2], floats[3]});
  } else {
    __stcg(to, floats[0]);
  }
}

/// Tells a function the n of Floats<n> by its type.
template <int n>
struct Width {};

/// Calls f(Width<n>, index of the first of n elements, counted from the chunk's start) for all
/// elements of the chunk, on the threads of the block. Parameters may be views of any memory: where
/// the chunk's do not start at a multiple of 16 bytes, as the flat blocks do, n is 1.
template <class F>
__device__ void for_floats(const Chunk& chunk, const float* parameters, F f) {
  const bool is_aligned = reinterpret_cast<std::uintptr_t>(parameters) % sizeof(float4) == 0;
  const int fours = is_aligned ? chunk.count / 4 : 0;
  const auto thread = static_cast<int>(threadIdx.x);
  constexpr int threads = static_cast<int>(chunk_threads);
  for (int turn = 0; turn < chunk_elements / (4 * threads); ++turn) {
    const int i = thread + turn * threads;
    if (i < fours) f(Width<4>(), 4 * i);
  }
  for (int i = 4 * fours + thread; i < chunk.count; i += threads) f(Width<1>(), i);
}

/// Applies the rule to n neighbouring elements, from number i of a chunk on; `state_at` has an
/// address for each state value.
template <class Rule, int n, std::size_t... k>
__device__ void run_rule(const Rule& rule, float* theta_at, const float* gradient_at,
                         float* const* state_at, int i, std::index_sequence<k...>) {
  const Floats<n> gradient = load<n>(gradient_at + i);
  Floats<n> theta = load<n>(theta_at + i);
  // One extra, for rules without state.
  Floats<n> state[sizeof...(k) + 1] = {load<n>(state_at[k] + i)...};
  for (int j = 0; j < n; ++j) rule(theta[j], gradient[j], state[k][j]...);
  store(theta_at + i, theta);
  (store(state_at[k] + i, state[k]), ...);
}

/// The kernel of a rule: a block of threads takes chunks of all tensors.
template <class Rule>
__global__ void __launch_bounds__(chunk_threads) rule_kernel(const RuleHead* address) {
  const RuleHead head = *address;
  for_own_chunks(head.table, [&](const Chunk& chunk, unsigned) {
    const Rule rule = static_cast<const Rule*>(head.rules)[chunk.tensor];
    float* const parameters = parameters_of(head.table, chunk);
    const float* const gradients = head.gradients + chunk.begin;
    float* state[optim::max_rule_states];
    for (int k = 0; k < Rule::states; ++k) state[k] = head.state[k] + chunk.begin;
    for_floats(chunk, parameters, [&]<int n>(Width<n>, int i) {
      run_rule<Rule, n>(rule, parameters, gradients, state, i,
                        std::make_index_sequence<std::size_t{Rule::states}>());
    });
  });
}

}  // namespace plastic::cuda

namespace plastic::optim {

/// Registers the kernel of a rule. Throws Error when the rule already has one. `name`, for
/// messages, must live as long as the program. A build of the library without CUDA never uses the
/// kernel.
void add_cuda_rule(const RuleType& type, const char* name, cuda::RuleKernel kernel);

/// Registers the kernel of a rule while a program starts: see above.
template <class Rule>
struct CudaRule {
  /// As add_cuda_rule().
  explicit CudaRule(const char* name) {
    add_cuda_rule(rule_type<Rule>(), name, cuda::rule_kernel<Rule>);
  }
};

}  // namespace plastic::optim

#pragma GCC visibility pop
