// Batch normalisation, backward: one pass for the sums, one for the gradient of x. With r =
// 1/√(variance + eps) and g the gradient before relu,
//   dw = r·Σ g·(x - mean),  db = Σ g,
//   dx = w·r·(g - mean(g) - (x - mean)·r²·mean(g·(x - mean))),
// or w·r·g where the statistics do not depend on x.
#include <vector>

#include "core/device/batch_sums.h"
#include "cuda/reduce/batch_norm.h"
#include "cuda/reduce/columns.h"
#include "cuda/runtime/check.h"
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

/// Writes the offset and the slope that the gradient of x needs: (2, channels), dx = scale·(g -
/// offset - (x - centre)·slope). The sums are over `rows`, of which x may have a part.
template <class T>
__device__ void write_means(const BatchNorm<T>& n, std::int64_t c, double gradients,
                            double products, double rows, computed<T>* means) {
  using Number = computed<T>;
  const double slope = products / rows / (n.variance[c] + n.eps);
  const double rest = rules::ChannelNorm<Number>(n.mean[c], n.variance[c], 1, 0).rest;
  means[c] = static_cast<Number>(gradients / rows - rest * slope);
  means[n.channels + c] = static_cast<Number>(slope);
}

/// Writes the gradients of weight and bias, and what follows from the sums for the gradient of x.
template <class T>
struct WriteSums {
  BatchNorm<T> n;
  computed<T>* grad_weight;
  computed<T>* grad_bias;
  /// Null where not wanted, as the others: see write_means().
  computed<T>* means;
  /// The sums themselves, (2, channels), where x is a part of a batch.
  double* kept_sums;

  __device__ void operator()(std::int64_t c, const double (&sums)[2]) const {
    using Number = computed<T>;
    if (grad_bias != nullptr) grad_bias[c] = static_cast<Number>(sums[0]);
    if (grad_weight != nullptr) {
      grad_weight[c] = static_cast<Number>(sums[1] / std::sqrt(n.variance[c] + n.eps));
    }
    if (kept_sums != nullptr) {
      kept_sums[c] = sums[0];
      kept_sums[n.channels + c] = sums[1];
    }
    if (means == nullptr) return;
    write_means(n, c, sums[0], sums[1], static_cast<double>(n.rows), means);
  }
};

/// `sums` as WriteSums keeps them, of all parts.
template <class T>
__global__ void __launch_bounds__(block_threads)
    means_of_parts(BatchNorm<T> n, const double* sums, double rows, computed<T>* means) {
  const std::int64_t step = std::int64_t{gridDim.x} * blockDim.x;
  for (std::int64_t c = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x; c < n.channels;
       c += step) {
    write_means(n, c, sums[c], sums[n.channels + c], rows, means);
  }
}

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

/// Adds up the sums of this part and the others', in place, and gives the number of rows in all.
/// Waits for the device: the parts meet on the host.
double add_up_parts(Context& context, BatchSums& parts, const BatchNormCall& call, double* sums) {
  std::vector<double> numbers(2 * static_cast<std::size_t>(call.channels));
  const std::size_t bytes = numbers.size() * sizeof(double);
  context.check_not_recording("batch_norm");
  check(cudaMemcpyAsync(numbers.data(), sums, bytes, cudaMemcpyDeviceToHost, context.stream()),
        "cudaMemcpyAsync of the sums of a part of a batch");
  context.wait("batch_norm");
  numbers.push_back(static_cast<double>(call.rows));
  parts.sum(numbers);
  context.use();
  context.copy_from_host(numbers.data(), sums, bytes, "the sums of a batch");
  return numbers.back();
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
  // The other parts wait for this one's sums, wanted here or not.
  BatchSums* const parts = grad.through_statistics ? grad.parts : nullptr;
  const Scratch part_sums(
      context, parts != nullptr ? 2 * static_cast<std::size_t>(channels) * sizeof(double) : 0);
  if (needs_means || parts != nullptr || kept != nullptr || grad.grad_weight != nullptr ||
      grad.grad_bias != nullptr) {
    const Grid grid = column_sum_grid(context, call.rows, packs);
    const ShareMemory<double> memory(context, grid, 2, channels);
    const WriteSums<T> finish{.n = from.n,
                              .grad_weight = static_cast<Number*>(grad.grad_weight),
                              .grad_bias = static_cast<Number*>(grad.grad_bias),
                              .means = parts == nullptr ? means.as<Number>() : nullptr,
                              .kept_sums = part_sums.as<double>()};
    with_mask(mask, [&]<Mask used>() {
      launch(context, "batch_norm_grad sums", sum_gradients<T, width, used>, grid, from, packs,
             kept, memory.shares(), finish);
    });
  }
  if (parts != nullptr) {
    const double rows = add_up_parts(context, *parts, call, part_sums.as<double>());
    if (needs_means) {
      launch(context, "batch_norm_grad means", means_of_parts<T>, grid_for(context, channels),
             from.n, part_sums.as<const double>(), rows, means.as<Number>());
    }
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
  Context& context = use();
  with_real(call.dtype, [&](auto zero) {
    using T = decltype(zero);
    const bool fits = call.channels % pack_width<T> == 0 &&
                      are_aligned(call.x, grad.grad_y, grad.y, grad.grad_x, grad.grad_skip);
    with_pack_width<T>(fits, [&](auto width) { backward<T, width>(context, call, grad); });
  });
}

}  // namespace plastic::cuda
