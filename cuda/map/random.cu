#include <algorithm>
#include <cstdint>

#include "core/random/philox.h"
#include "core/tensor/dispatch.h"
#include "cuda/gemm/finish_gemm.h"
#include "cuda/map/map.h"
#include "cuda/runtime/cuda_backend.h"
#include "cuda/runtime/number.h"

// A thread draws one block of random numbers at a time and handles the four elements that they
// belong to, so that results do not depend on how many threads there are.
namespace plastic::cuda {
namespace {

constexpr int drawn = 4;

/// Where the numbers of a call begin. Those of a captured step advance with each replay.
struct Sequence {
  Generator at;
  const std::uint64_t* shift;

  Sequence(const Context& context, const Generator& generator)
      : at(generator), shift(context.random_shift()) {}

  __device__ std::uint64_t offset() const { return at.offset + (shift == nullptr ? 0 : *shift); }
  /// Block i from `offset` on.
  __device__ PhiloxBlock draw(std::uint64_t offset, std::int64_t i) const {
    return philox(at.seed, at.stream, offset + static_cast<std::uint64_t>(i));
  }
};

__device__ std::int64_t first_block() {
  return std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
}
__device__ std::int64_t block_step() { return std::int64_t{gridDim.x} * blockDim.x; }

std::int64_t blocks_of(std::int64_t elements) { return (elements + drawn - 1) / drawn; }

/// Elements of block i that there are.
__device__ int valid_in(std::int64_t i, std::int64_t elements) {
  const std::int64_t left = elements - i * drawn;
  return left < drawn ? static_cast<int>(left) : drawn;
}

template <class T>
__global__ void __launch_bounds__(block_threads)
    dropout_kernel(const Sequence sequence, const DropoutRule rule, const std::int64_t elements,
                   const bool is_aligned, const T* __restrict__ in, T* __restrict__ out,
                   std::uint8_t* __restrict__ mask) {
  const std::uint64_t offset = sequence.offset();
  const auto scale = static_cast<computed<T>>(rule.scale);
  for (std::int64_t i = first_block(); i * drawn < elements; i += block_step()) {
    const int valid = valid_in(i, elements);
    const PhiloxBlock bits = sequence.draw(offset, i);
    Pack<T, drawn> x = load_pack<drawn>(in + i * drawn, valid, is_aligned);
    Pack<std::uint8_t, drawn> kept;
#pragma unroll
    for (int e = 0; e < drawn; ++e) {
      kept.values[e] = rule.keeps(bits.word[e]) ? 1 : 0;
      const auto factor = static_cast<computed<T>>(kept.values[e]) * scale;
      x.values[e] = narrow<T>(widen(x.values[e]) * factor);
    }
    store_pack<drawn>(out + i * drawn, x, valid, is_aligned);
    store_pack<drawn>(mask + i * drawn, kept, valid, is_aligned);
  }
}

template <class T>
__global__ void __launch_bounds__(block_threads)
    uniform_kernel(const Sequence sequence, const UniformRule<T> rule, const std::int64_t elements,
                   const bool is_aligned, T* __restrict__ out) {
  const std::uint64_t offset = sequence.offset();
  for (std::int64_t i = first_block(); i * drawn < elements; i += block_step()) {
    const PhiloxBlock bits = sequence.draw(offset, i);
    Pack<T, drawn> y;
#pragma unroll
    for (int e = 0; e < drawn; ++e) y.values[e] = rule(bits.word[e]);
    store_pack<drawn>(out + i * drawn, y, valid_in(i, elements), is_aligned);
  }
}

template <class T>
__global__ void __launch_bounds__(block_threads)
    normal_kernel(const Sequence sequence, const NormalRule rule, const std::int64_t elements,
                  const bool is_aligned, T* __restrict__ out) {
  const std::uint64_t offset = sequence.offset();
  for (std::int64_t i = first_block(); i * drawn < elements; i += block_step()) {
    const PhiloxBlock bits = sequence.draw(offset, i);
    Pack<T, drawn> y;
#pragma unroll
    for (int e = 0; e < drawn; e += 2) {
      double first;
      double second;
      rule(bits.word[e], bits.word[e + 1], first, second);
      y.values[e] = static_cast<T>(first);
      y.values[e + 1] = static_cast<T>(second);
    }
    store_pack<drawn>(out + i * drawn, y, valid_in(i, elements), is_aligned);
  }
}

/// What follows the sums of a product of `elements` in rows of `columns`.
template <class T>
struct Finish {
  std::int64_t elements;
  WideDivisor columns;
  std::int64_t ldc;
  /// Whether each four lie in one row, aligned, with the bias.
  bool is_aligned;
  const T* bias;
  bool relu;
  bool drops;
  DropoutRule rule;

  __device__ computed<T> operator()(T sum, T shift, std::uint32_t bits) const {
    computed<T> y = widen(sum);
    if (bias != nullptr) y += widen(shift);
    // NaN stays.
    if (relu) y = y < 0 ? computed<T>{0} : y;
    if (drops) y = rule.keeps(bits) ? y * static_cast<computed<T>>(rule.scale) : computed<T>{0};
    return y;
  }
};

template <class T>
__global__ void __launch_bounds__(block_threads)
    finish_gemm_kernel(const Sequence sequence, const Finish<T> finish, T* __restrict__ c) {
  const std::uint64_t offset = finish.drops ? sequence.offset() : 0;
  for (std::int64_t i = first_block(); i * drawn < finish.elements; i += block_step()) {
    PhiloxBlock bits{};
    if (finish.drops) bits = sequence.draw(offset, i);
    const std::int64_t row = finish.columns.divide(i * drawn);
    const std::int64_t column = i * drawn - row * finish.columns.divisor;
    if (finish.is_aligned) {
      T* at = c + row * finish.ldc + column;
      Pack<T, drawn> y = load_pack<drawn>(at, drawn, true);
      Pack<T, drawn> shift{};
      if (finish.bias != nullptr) shift = load_pack<drawn>(finish.bias + column, drawn, true);
#pragma unroll
      for (int e = 0; e < drawn; ++e) {
        y.values[e] = narrow<T>(finish(y.values[e], shift.values[e], bits.word[e]));
      }
      store_pack<drawn>(at, y, drawn, true);
    } else {
      const int valid = valid_in(i, finish.elements);
      std::int64_t r = row;
      std::int64_t j = column;
#pragma unroll
      for (int e = 0; e < drawn; ++e) {
        if (e >= valid) break;
        T* at = c + r * finish.ldc + j;
        const T shift = finish.bias != nullptr ? finish.bias[j] : T{};
        *at = narrow<T>(finish(*at, shift, bits.word[e]));
        if (++j == finish.columns.divisor) {
          j = 0;
          ++r;
        }
      }
    }
  }
}

template <class T>
struct ReluDropoutGrad {
  computed<T> scale;
  __device__ T operator()(T result, T grad) const {
    return narrow<T>(widen(result) <= 0 ? computed<T>{0} : widen(grad) * scale);
  }
};

template <class T>
struct MaskedScale {
  computed<T> scale;
  __device__ T operator()(T x, std::uint8_t kept) const {
    return narrow<T>(widen(x) * (static_cast<computed<T>>(kept) * scale));
  }
};

}  // namespace

void CudaBackend::dropout(const Array& in, double p, const Generator& at, const Array& out,
                          const Array& mask) {
  Context& context = use();
  const std::int64_t elements = in.numel();
  if (elements == 0) return;
  with_real(in.dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* x = in.as<const T>();
    T* y = out.as<T>();
    auto* kept = mask.as<std::uint8_t>();
    const bool is_aligned =
        is_aligned_for<drawn>(x) && is_aligned_for<drawn>(y) && is_aligned_for<drawn>(kept);
    launch(context, "dropout", dropout_kernel<T>, grid_for(context, blocks_of(elements)),
           Sequence(context, at), DropoutRule(p), elements, is_aligned, x, y, kept);
  });
}

void CudaBackend::relu_dropout_grad(const Array& result, const Array& grad, double scale,
                                    const Array& out) {
  Context& context = use();
  with_real(grad.dtype, [&](auto zero) {
    using T = decltype(zero);
    map<T, T, T>(context, "relu_dropout_grad", ReluDropoutGrad<T>{static_cast<computed<T>>(scale)},
                 result, grad, out);
  });
}

void CudaBackend::masked_scale(const Array& in, const Array& mask, double scale, const Array& out) {
  Context& context = use();
  with_real(in.dtype, [&](auto zero) {
    using T = decltype(zero);
    map<T, std::uint8_t, T>(context, "masked_scale",
                            MaskedScale<T>{static_cast<computed<T>>(scale)}, in, mask, out);
  });
}

// Tensors of random numbers are f32 or f64.
void CudaBackend::uniform(const Array& out, double low, double high, const Generator& at) {
  Context& context = use();
  const std::int64_t elements = out.numel();
  if (elements == 0) return;
  dispatch_floating("uniform", out.dtype, [&](auto zero) {
    using T = decltype(zero);
    T* y = out.as<T>();
    launch(context, "uniform", uniform_kernel<T>, grid_for(context, blocks_of(elements)),
           Sequence(context, at), UniformRule<T>(low, high), elements, is_aligned_for<drawn>(y), y);
  });
}

void CudaBackend::normal(const Array& out, double mean, double deviation, const Generator& at) {
  Context& context = use();
  const std::int64_t elements = out.numel();
  if (elements == 0) return;
  dispatch_floating("normal", out.dtype, [&](auto zero) {
    using T = decltype(zero);
    T* y = out.as<T>();
    launch(context, "normal", normal_kernel<T>, grid_for(context, blocks_of(elements)),
           Sequence(context, at), NormalRule{mean, deviation}, elements, is_aligned_for<drawn>(y),
           y);
  });
}

void finish_gemm(Context& context, const Gemm& gemm, bool with_bias_and_relu) {
  const std::int64_t elements = gemm.m * gemm.n;
  const bool adds = with_bias_and_relu && gemm.bias != nullptr;
  const bool rectifies = with_bias_and_relu && gemm.relu;
  const bool drops = gemm.dropout > 0;
  if (elements == 0 || !(adds || rectifies || drops)) return;
  with_real(gemm.dtype, [&](auto zero) {
    using T = decltype(zero);
    T* c = static_cast<T*>(gemm.c);
    const T* bias = adds ? static_cast<const T*>(gemm.bias) : nullptr;
    const Finish<T> finish{.elements = elements,
                           .columns = WideDivisor(gemm.n, elements + drawn),
                           .ldc = gemm.ldc,
                           .is_aligned = gemm.n % drawn == 0 && gemm.ldc % drawn == 0 &&
                                         is_aligned_for<drawn>(c) && is_aligned_for<drawn>(bias),
                           .bias = bias,
                           .relu = rectifies,
                           .drops = drops,
                           .rule = DropoutRule(gemm.dropout)};
    launch(context, "finish_gemm", finish_gemm_kernel<T>, grid_for(context, blocks_of(elements)),
           Sequence(context, gemm.at), finish, c);
  });
}

}  // namespace plastic::cuda
