#include <algorithm>
#include <bit>
#include <cstdint>
#include <type_traits>

#include "core/ops/binary_rules.h"
#include "core/ops/two_sum_rule.h"
#include "cuda/runtime/cuda_backend.h"
#include "cuda/runtime/launch.h"
#include "cuda/runtime/number.h"
#include "cuda/runtime/pack.h"
#include "cuda/runtime/scratch.h"

namespace plastic::cuda {
namespace {

__device__ std::int64_t first_thread() {
  return std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
}
__device__ std::int64_t thread_step() { return std::int64_t{gridDim.x} * blockDim.x; }

/// The shape (outer, count, inner) of an index of any strides, and the size of the indexed axis.
struct Indexing {
  std::int64_t strides[3];
  std::int64_t count, size;
  /// By count and inner where elements are divided among threads.
  WideDivisor counts, inners;

  Indexing(const Array& at, std::int64_t indexed_size, std::int64_t largest)
      : strides{at.strides[0], at.strides[1], at.strides[2]},
        count(at.shape[1]),
        size(indexed_size),
        counts(at.shape[1], largest),
        inners(at.shape[2], largest) {}

  /// Where the indices of a line begin.
  __device__ std::int64_t line(std::int64_t outer, std::int64_t inner) const {
    return outer * strides[0] + inner * strides[2];
  }
};

template <class T>
__global__ void __launch_bounds__(block_threads)
    gather_kernel(const Indexing shape, const std::int64_t elements,
                  const std::int64_t* __restrict__ index, const T* __restrict__ in,
                  T* __restrict__ out) {
  for (std::int64_t i = first_thread(); i < elements; i += thread_step()) {
    const std::int64_t above = shape.inners.divide(i);
    const std::int64_t inner = i - above * shape.inners.divisor;
    const std::int64_t outer = shape.counts.divide(above);
    const std::int64_t j = above - outer * shape.count;
    const std::int64_t at = index[shape.line(outer, inner) + j * shape.strides[1]];
    out[i] = in[(outer * shape.size + at) * shape.inners.divisor + inner];
  }
}

/// Each line of indices is read by `parts` threads, a power of two; each adds to the targets that
/// are its own, in the order of the line. What additions round away is kept in `rest`, as large as
/// `out`, unless that is null.
template <class T>
__global__ void __launch_bounds__(block_threads)
    scatter_add_kernel(const Indexing shape, const WideDivisor parts, const std::int64_t threads,
                       const std::int64_t* __restrict__ index, const T* __restrict__ in,
                       T* __restrict__ out, T* __restrict__ rest) {
  // Indices that are on their way at a time.
  constexpr int batch = 8;
  const std::int64_t inner_size = shape.inners.divisor;
  for (std::int64_t i = first_thread(); i < threads; i += thread_step()) {
    const std::int64_t above = shape.inners.divide(i);
    const std::int64_t inner = i - above * inner_size;
    const std::int64_t outer = parts.divide(above);
    const std::int64_t part = above - outer * parts.divisor;
    const std::int64_t* line = index + shape.line(outer, inner);
    const T* from = in + outer * shape.count * inner_size + inner;
    const std::int64_t to = outer * shape.size * inner_size + inner;
    for (std::int64_t first = 0; first < shape.count; first += batch) {
      const std::int64_t left = shape.count - first;
      std::int64_t at[batch];
#pragma unroll
      for (int k = 0; k < batch; ++k) at[k] = k < left ? line[(first + k) * shape.strides[1]] : -1;
#pragma unroll
      for (int k = 0; k < batch; ++k) {
        if (at[k] < 0 || (at[k] & (parts.divisor - 1)) != part) continue;
        const std::int64_t target = to + at[k] * inner_size;
        const T x = from[(first + k) * inner_size];
        if constexpr (std::is_floating_point_v<T>) {
          if (rest != nullptr) {
            rules::TwoSum<T> sum{out[target], rest[target]};
            sum.add(x);
            out[target] = sum.sum;
            rest[target] = sum.rest;
            continue;
          }
        }
        out[target] = narrow<T>(rules::Add{}(widen(out[target]), widen(x)));
      }
    }
  }
}

template <class T>
__global__ void __launch_bounds__(block_threads)
    add_rest_kernel(const std::int64_t elements, const T* __restrict__ rest, T* __restrict__ out) {
  for (std::int64_t i = first_thread(); i < elements; i += thread_step()) {
    out[i] = rules::TwoSum<T>{out[i], rest[i]}.total();
  }
}

__global__ void __launch_bounds__(block_threads)
    first_outside_kernel(const std::int64_t* __restrict__ index, const std::int64_t elements,
                         const std::int64_t limit, unsigned long long* first) {
  for (std::int64_t i = first_thread(); i < elements; i += thread_step()) {
    if (index[i] < 0 || index[i] >= limit) {
      atomicMin(first, static_cast<unsigned long long>(i));
      return;
    }
  }
}

/// A number on the device, given back in the order of the stream.
class DeviceNumber {
 public:
  explicit DeviceNumber(Context& context)
      : context_(context),
        data_(static_cast<unsigned long long*>(
            context.memory().allocate(sizeof(unsigned long long)))) {}
  ~DeviceNumber() { context_.memory().deallocate(data_); }
  DeviceNumber(const DeviceNumber&) = delete;
  DeviceNumber& operator=(const DeviceNumber&) = delete;

  unsigned long long* data() const { return data_; }

 private:
  Context& context_;
  unsigned long long* data_;
};

/// Elements moved as numbers of their size.
template <class T>
void gather_as(Context& context, const void* in, const Array& index, std::int64_t size, void* out) {
  const std::int64_t elements = index.numel();
  launch(context, "gather", gather_kernel<T>, grid_for(context, elements),
         Indexing(index, size, elements), elements, index.as<const std::int64_t>(),
         static_cast<const T*>(in), static_cast<T*>(out));
}

/// Whether whole rows are gathered, all of them of 16 bytes times something.
bool gathers_vectors(const Array& in, const Array& index, const Array& out) {
  const std::int64_t row_bytes = index.shape[2] * static_cast<std::int64_t>(size_of(in.dtype));
  const auto lies_aligned = [](const Array& array) {
    return reinterpret_cast<std::uintptr_t>(array.data) % vector_bytes == 0;
  };
  return index.strides[2] == 0 && row_bytes % static_cast<std::int64_t>(vector_bytes) == 0 &&
         lies_aligned(in) && lies_aligned(out);
}

}  // namespace

void CudaBackend::gather(const Array& in, const Array& index, const Array& out) {
  Context& context = use();
  if (index.numel() == 0) return;
  const std::int64_t size = in.shape[1];
  const std::size_t bytes = size_of(in.dtype);
  if (gathers_vectors(in, index, out)) {
    Array rows = index;
    rows.shape[2] =
        index.shape[2] * static_cast<std::int64_t>(bytes) / static_cast<std::int64_t>(vector_bytes);
    return gather_as<Pack<std::uint32_t, 4>>(context, in.data, rows, size, out.data);
  }
  with_size(bytes,
            [&](auto zero) { gather_as<decltype(zero)>(context, in.data, index, size, out.data); });
}

void CudaBackend::scatter_add(const Array& in, const Array& index, const Array& out) {
  Context& context = use();
  if (index.numel() == 0) return;
  const std::int64_t size = out.shape[1];
  const std::int64_t lines = index.shape[0] * index.shape[2];
  // Reading a line costs each thread about what adding a few hundredths of it does: more parts are
  // not worth it.
  constexpr std::int64_t max_parts = 128;
  const std::int64_t busy = std::int64_t{2048} * context.multiprocessors();
  const std::int64_t wanted = std::clamp<std::int64_t>(busy / lines, 1, std::min(max_parts, size));
  const auto parts = static_cast<std::int64_t>(std::bit_floor(static_cast<std::uint64_t>(wanted)));
  const std::int64_t threads = lines * parts;
  with_number(in.dtype, [&](auto zero) {
    using T = decltype(zero);
    // One term is rounded once anyway.
    const bool keeps_rest = std::is_floating_point_v<T> && index.shape[1] > 1;
    const auto elements = static_cast<std::size_t>(out.numel());
    const Scratch rest(context, keeps_rest ? elements * sizeof(T) : 0);
    if (keeps_rest) {
      check(cudaMemsetAsync(rest.template as<T>(), 0, elements * sizeof(T), context.stream()),
            "cudaMemsetAsync in scatter_add");
    }
    launch(context, "scatter_add", scatter_add_kernel<T>, grid_for(context, threads),
           Indexing(index, size, threads), WideDivisor(parts, threads), threads,
           index.as<const std::int64_t>(), in.as<const T>(), out.as<T>(), rest.template as<T>());
    if constexpr (std::is_floating_point_v<T>) {
      if (!keeps_rest) return;
      launch(context, "scatter_add rest", add_rest_kernel<T>, grid_for(context, out.numel()),
             out.numel(), rest.template as<const T>(), out.as<T>());
    }
  });
}

std::int64_t CudaBackend::first_outside(const Array& index, std::int64_t limit) {
  Context& context = use();
  context.check_not_recording("index");
  const std::int64_t elements = index.numel();
  if (elements == 0) return -1;
  const DeviceNumber first(context);
  check(cudaMemsetAsync(first.data(), 0xFF, sizeof(unsigned long long), context.stream()),
        "cudaMemsetAsync");
  launch(context, "first_outside", first_outside_kernel, grid_for(context, elements),
         index.as<const std::int64_t>(), elements, limit, first.data());
  std::int64_t found = 0;
  check(cudaMemcpyAsync(&found, first.data(), sizeof(found), cudaMemcpyDeviceToHost,
                        context.stream()),
        "cudaMemcpyAsync");
  context.wait("index");
  // All bits set: what no thread has touched.
  return found;
}

}  // namespace plastic::cuda
