// Batch normalisation, backward: one pass for the sums, one for the gradient of x. With r =
// 1/√(variance + eps) and g the gradient before relu,
//   dw = r·Σ g·(x - mean),  db = Σ g,
//   dx = w·r·(g - mean(g) - (x - mean)·r²·mean(g·(x - mean))),
// or w·r·g where the statistics do not depend on x.
#include "cuda/reduce/batch_norm.h"
#include "cuda/reduce/columns.h"
#include "cuda/runtime/cuda_backend.h"
#include "cuda/runtime/scratch.h"

namespace plastic::cuda {
namespace {

/// What tells which results relu let pass: nothing, without relu; x, from which the result follows;
/// or the result.
enum class Mask { none, from_x, from_y };

/// What the two passes read.
template <class T>
struct Sources {
  BatchNorm<T> n;
  const T* g;
  const T* y;
};

/// Rows of one column of packs, read at once.
template <class T, unsigned width, Mask mask, unsigned count>
struct Read {
  __device__ Read(const Sources<T>& from, std::int64_t packs, std::int64_t row,
                  std::int64_t column) {
    for (unsigned i = 0; i < count; ++i) {
      const std::int64_t at = row + std::int64_t{i} * blockDim.y;
      g[i] = *pack_at<T, width>(from.g, packs, at, column);
      x[i] = *pack_at<T, width>(from.n.x, packs, at, column);
      if constexpr (mask == Mask::from_y) y[i] = *pack_at<T, width>(from.y, packs, at, column);
    }
  }

  /// The gradient before relu, which lets NaN through.
  __device__ computed<T> gradient(unsigned i, unsigned j,
                                  const Affine<computed<T>, width>& affine) const {
    bool passes = true;
    if constexpr (mask == Mask::from_x) passes = !(affine(j, widen(x[i].values[j])) <= 0);
    if constexpr (mask == Mask::from_y) passes = !(widen(y[i].values[j]) <= 0);
    return passes ? widen(g[i].values[j]) : computed<T>{0};
  }

  Pack<T, width> g[count], x[count], y[mask == Mask::from_y ? count : 1];
};

/// Writes the gradients of weight and bias, and the offset and the slope that the gradient of x
/// needs: (2, channels), dx = scale·(g - offset - (x - centre)·slope).
template <class T>
struct WriteSums {
  BatchNorm<T> n;
  computed<T>* grad_weight;
  computed<T>* grad_bias;
  /// Null where not wanted, as the others.
  computed<T>* means;

  __device__ void operator()(std::int64_t c, const double (&sums)[2]) const {
    using Number = computed<T>;
    const double variance = n.variance[c] + n.eps;
    if (grad_bias != nullptr) grad_bias[c] = static_cast<Number>(sums[0]);
    if (grad_weight != nullptr) {
      grad_weight[c] = static_cast<Number>(sums[1] / std::sqrt(variance));
    }
    if (means == nullptr) return;
    const auto rows = static_cast<double>(n.rows);
    const double slope = sums[1] / rows / variance;
    const double rest = rules::ChannelNorm<Number>(n.mean[c], n.variance[c], 1, 0).rest;
    means[c] = static_cast<Number>(sums[0] / rows - rest * slope);
    means[n.channels + c] = static_cast<Number>(slope);
  }
};

/// Rows at a time in the pass for the sums: what leaves registers for a second block.
template <class T>
constexpr unsigned summed_rows = sizeof(T) < 4 ? 4 : 2;

/// Σ g and Σ g·(x - mean); leaves g in `kept` unless that is null.
template <class T, unsigned width, Mask mask>
__global__ void __launch_bounds__(column_threads, 2)
    sum_gradients(Sources<T> from, std::int64_t packs, T* kept, Shares<double> shares,
                  WriteSums<T> finish) {
  using Number = computed<T>;
  const std::int64_t column = own_column();
  double sums[2][width] = {};
  if (column < packs) {
    const Affine<Number, width> affine(from.n, column * width);
    double mean[width];
    for (unsigned j = 0; j < width; ++j) mean[j] = from.n.mean[column * width + j];
    for_each_row_group<summed_rows<T>>(
        from.n.rows, /*from_last=*/false, [&]<unsigned count>(std::int64_t row) {
          const Read<T, width, mask, count> read(from, packs, row, column);
          Pack<T, width> gradients[count];
          for (unsigned j = 0; j < width; ++j) {
            for (unsigned i = 0; i < count; ++i) {
              const Number g = read.gradient(i, j, affine);
              gradients[i].values[j] = narrow<T>(g);
              const auto wide = static_cast<double>(g);
              sums[0][j] += wide;
              sums[1][j] += wide * (static_cast<double>(widen(read.x[i].values[j])) - mean[j]);
            }
          }
          if (kept == nullptr) return;
          for (unsigned i = 0; i < count; ++i) {
            const std::int64_t at = row + std::int64_t{i} * blockDim.y;
            *pack_at<T, width>(kept, packs, at, column) = gradients[i];
          }
        });
  }
  finish_columns(sums, packs, shares, finish);
}

/// dx; `means` as WriteSums leaves them, null for zeros.
template <class T, unsigned width, Mask mask>
__global__ void __launch_bounds__(column_threads)
    input_gradient(Sources<T> from, std::int64_t packs, const computed<T>* means, T* grad_x) {
  using Number = computed<T>;
  const BatchNorm<T>& n = from.n;
  const std::int64_t column = own_column();
  if (column >= packs) return;
  const Affine<Number, width> affine(n, column * width);
  Number offset[width] = {};
  Number slope[width] = {};
  for (unsigned j = 0; j < width && means != nullptr; ++j) {
    const std::int64_t c = column * width + j;
    offset[j] = means[c];
    slope[j] = means[n.channels + c];
  }
  // The sums' pass has just read the last rows.
  for_each_row_group<rows_at_a_time>(
      n.rows, /*from_last=*/true, [&]<unsigned count>(std::int64_t row) {
        const Read<T, width, mask, count> read(from, packs, row, column);
        for (unsigned i = 0; i < count; ++i) {
          Pack<T, width> result;
          for (unsigned j = 0; j < width; ++j) {
            Number g = read.gradient(i, j, affine);
            // Without x, which may be infinite, where the statistics do not depend on it.
            if (means != nullptr) {
              const Number centred = widen(read.x[i].values[j]) - affine.centre[j];
              g = g - offset[j] - centred * slope[j];
            }
            result.values[j] = narrow<T>(affine.scale[j] * g);
          }
          *pack_at<T, width>(grad_x, packs, row + std::int64_t{i} * blockDim.y, column) = result;
        }
      });
}

template <class F>
void with_mask(Mask mask, F&& f) {
  if (mask == Mask::none) f.template operator()<Mask::none>();
  if (mask == Mask::from_x) f.template operator()<Mask::from_x>();
  if (mask == Mask::from_y) f.template operator()<Mask::from_y>();
}

template <class T, unsigned width>
void backward(Context& context, const BatchNormCall& call, const BatchNormGrad& grad) {
  using Number = computed<T>;
  const std::int64_t channels = call.channels;
  const std::int64_t packs = channels / width;
  Sources<T> from{.n = BatchNorm<T>(call),
                  .g = static_cast<const T*>(grad.grad_y),
                  .y = static_cast<const T*>(grad.y)};
  Mask mask = Mask::none;
  if (call.relu) mask = call.skip == nullptr ? Mask::from_x : Mask::from_y;
  T* kept = static_cast<T*>(grad.grad_skip);

  const bool needs_means = grad.through_statistics && grad.grad_x != nullptr;
  const Scratch means(context,
                      needs_means ? 2 * static_cast<std::size_t>(channels) * sizeof(Number) : 0);
  if (needs_means || kept != nullptr || grad.grad_weight != nullptr || grad.grad_bias != nullptr) {
    const Grid grid = column_sum_grid(context, call.rows, packs);
    const ShareMemory<double> memory(context, grid, 2, channels);
    const WriteSums<T> finish{.n = from.n,
                              .grad_weight = static_cast<Number*>(grad.grad_weight),
                              .grad_bias = static_cast<Number*>(grad.grad_bias),
                              .means = means.as<Number>()};
    with_mask(mask, [&]<Mask used>() {
      launch(context, "batch_norm_grad sums", sum_gradients<T, width, used>, grid, from, packs,
             kept, memory.shares(), finish);
    });
  }
  if (grad.grad_x == nullptr) return;
  if (kept != nullptr) {
    from.g = kept;
    mask = Mask::none;
  }
  with_mask(mask, [&]<Mask used>() {
    launch(context, "batch_norm_grad", input_gradient<T, width, used>,
           column_map_grid(context, call.rows, packs), from, packs, means.as<const Number>(),
           static_cast<T*>(grad.grad_x));
  });
}

}  // namespace

void CudaBackend::batch_norm_grad(const BatchNormCall& call, const BatchNormGrad& grad) {
  if (grad.parts != nullptr && grad.through_statistics) {
    fail("batch_norm", "parts of a batch cannot be normalised together on a CUDA device; train with "
         "one shard per rank and a network without batch normalisations, or on the CPU");
  }
  Context& context = use();
  with_real(call.dtype, [&](auto zero) {
    using T = decltype(zero);
    const bool fits = call.channels % pack_width<T> == 0 &&
                      are_aligned(call.x, grad.grad_y, grad.y, grad.grad_x, grad.grad_skip);
    with_pack_width<T>(fits, [&](auto width) { backward<T, width>(context, call, grad); });
  });
}

}  // namespace plastic::cuda
