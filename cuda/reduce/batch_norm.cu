// Batch normalisation, forward: one pass over x for the statistics, one that normalises.
#include <type_traits>

#include "core/ops/running_statistics_rule.h"
#include "cuda/reduce/batch_norm.h"
#include "cuda/reduce/columns.h"
#include "cuda/runtime/check.h"
#include "cuda/runtime/cuda_backend.h"
#include "cuda/runtime/scratch.h"

namespace plastic::cuda {
namespace {

/// Running statistics, which move towards a batch's. T is theirs.
template <class T>
struct Running {
  double momentum = 0;
  double bessel = 1;
  /// Null where there are none.
  T* mean = nullptr;
  T* variance = nullptr;
  /// Null where there is none.
  std::int64_t* batches = nullptr;

  __device__ void move(std::int64_t channel, double new_mean, double new_variance) const {
    if (mean != nullptr) {
      move(mean[channel], new_mean);
      move(variance[channel], rules::corrected(new_variance, bessel));
    }
    if (batches != nullptr && channel == 0) ++*batches;
  }

 private:
  __device__ void move(T& value, double towards) const {
    value = static_cast<T>(rules::MoveTowards{momentum}(static_cast<double>(value), towards));
  }
};

/// Mean and variance from Σ (x - shift) and Σ (x - shift)², the first row being the shift, or an
/// earlier mean; then the running statistics.
template <class T>
struct WriteMoments {
  const T* first_row;
  /// Null for the first row.
  const double* earlier;
  double rows;
  double* mean;
  double* variance;
  Running<computed<T>> running;

  __device__ double shift(std::int64_t channel) const {
    return earlier == nullptr ? static_cast<double>(widen(first_row[channel])) : earlier[channel];
  }
  __device__ void operator()(std::int64_t channel, const double (&sums)[2]) const {
    const rules::ChannelMoments moments(rows, shift(channel), sums[0], sums[1]);
    mean[channel] = moments.mean;
    variance[channel] = moments.variance;
    running.move(channel, moments.mean, moments.variance);
  }
};

/// In f64: squares may not fit into f32, and f32 would round the differences where the shift is far
/// off.
template <class T, unsigned width>
__global__ void __launch_bounds__(column_threads, 2)
    sum_moments(const T* x, std::int64_t rows, std::int64_t packs, Shares<double> shares,
                WriteMoments<T> finish) {
  const std::int64_t column = own_column();
  double sums[2][width] = {};
  if (column < packs) {
    double shift[width];
    for (unsigned j = 0; j < width; ++j) shift[j] = finish.shift(column * width + j);
    for_each_row_group<rows_at_a_time>(
        rows, /*from_last=*/false, [&]<unsigned count>(std::int64_t row) {
          Pack<T, width> read[count];
          for (unsigned i = 0; i < count; ++i) {
            read[i] = *pack_at<T, width>(x, packs, row + std::int64_t{i} * blockDim.y, column);
          }
          for (unsigned j = 0; j < width; ++j) {
            for (unsigned i = 0; i < count; ++i) {
              const double d = static_cast<double>(widen(read[i].values[j])) - shift[j];
              sums[0][j] += d;
              sums[1][j] += d * d;
            }
          }
        });
  }
  finish_columns(sums, packs, shares, finish);
}

template <class T>
__global__ void __launch_bounds__(block_threads)
    move_running(std::int64_t channels, const double* mean, const double* variance,
                 Running<T> running) {
  const std::int64_t step = std::int64_t{gridDim.x} * blockDim.x;
  for (std::int64_t c = own_column(); c < channels; c += step) {
    running.move(c, mean[c], variance[c]);
  }
}

template <class T, unsigned width, bool has_skip>
__global__ void __launch_bounds__(column_threads)
    normalize(BatchNorm<T> n, std::int64_t packs, const T* skip, bool relu, T* y) {
  using Number = computed<T>;
  const std::int64_t column = own_column();
  if (column >= packs) return;
  const Affine<Number, width> affine(n, column * width);
  // The statistics' pass has just read the last rows.
  for_each_row_group<rows_at_a_time>(
      n.rows, /*from_last=*/true, [&]<unsigned count>(std::int64_t row) {
        Pack<T, width> read[count];
        [[maybe_unused]] Pack<T, width> skipped[has_skip ? count : 1];
        for (unsigned i = 0; i < count; ++i) {
          const std::int64_t at = row + std::int64_t{i} * blockDim.y;
          read[i] = *pack_at<T, width>(n.x, packs, at, column);
          if constexpr (has_skip) skipped[i] = *pack_at<T, width>(skip, packs, at, column);
        }
        for (unsigned i = 0; i < count; ++i) {
          Pack<T, width> result;
          for (unsigned j = 0; j < width; ++j) {
            Number value = affine(j, widen(read[i].values[j]));
            if constexpr (has_skip) value += widen(skipped[i].values[j]);
            // Written so that NaN stays.
            result.values[j] = narrow<T>(relu && value < 0 ? Number{0} : value);
          }
          *pack_at<T, width>(y, packs, row + std::int64_t{i} * blockDim.y, column) = result;
        }
      });
}

}  // namespace

void CudaBackend::batch_norm_training_statistics(const BatchStatistics& call) {
  Context& context = use();
  with_real(call.dtype, [&](auto zero) {
    using T = decltype(zero);
    using Parameter = computed<T>;
    const auto* x = static_cast<const T*>(call.x);
    const bool fits = call.channels % pack_width<T> == 0 && are_aligned(x);
    with_pack_width<T>(fits, [&](auto width) {
      const std::int64_t packs = call.channels / width;
      const Grid grid = column_sum_grid(context, call.rows, packs);
      const ShareMemory<double> memory(context, grid, 2, call.channels);
      // f64 takes a second pass: the first row may lie far from the mean, which costs digits.
      constexpr bool takes_two = std::is_same_v<T, double>;
      const std::size_t bytes = static_cast<std::size_t>(call.channels) * sizeof(double);
      const Scratch earlier(context, takes_two ? bytes : 0);
      const Running<Parameter> running{.momentum = call.momentum,
                                       .bessel = call.bessel,
                                       .mean = static_cast<Parameter*>(call.running_mean),
                                       .variance = static_cast<Parameter*>(call.running_var),
                                       .batches = call.batches};
      const auto take = [&](const double* shift, const Running<Parameter>& moved) {
        const WriteMoments<T> finish{.first_row = x,
                                     .earlier = shift,
                                     .rows = static_cast<double>(call.rows),
                                     .mean = call.mean,
                                     .variance = call.variance,
                                     .running = moved};
        launch(context, "batch_norm_statistics", sum_moments<T, width>, grid, x, call.rows, packs,
               memory.shares(), finish);
      };
      take(nullptr, takes_two ? Running<Parameter>{} : running);
      if constexpr (takes_two) {
        check(cudaMemcpyAsync(earlier.template as<double>(), call.mean, bytes,
                              cudaMemcpyDeviceToDevice, context.stream()),
              "cudaMemcpyAsync in batch_norm_statistics");
        take(earlier.template as<const double>(), running);
      }
    });
  });
}

void CudaBackend::batch_norm_statistics(DType dtype, std::int64_t rows, std::int64_t channels,
                                        const void* x, double* mean, double* variance) {
  batch_norm_training_statistics({.dtype = dtype,
                                  .rows = rows,
                                  .channels = channels,
                                  .x = x,
                                  .mean = mean,
                                  .variance = variance});
}

void CudaBackend::batch_norm_running(const BatchNormRunning& update) {
  Context& context = use();
  if (update.channels == 0) return;
  const auto run = [&](auto zero) {
    using T = decltype(zero);
    const Running<T> running{.momentum = update.momentum,
                             .bessel = update.bessel,
                             .mean = static_cast<T*>(update.running_mean),
                             .variance = static_cast<T*>(update.running_var)};
    launch(context, "batch_norm_running", move_running<T>, grid_for(context, update.channels),
           update.channels, update.mean, update.variance, running);
  };
  update.dtype == DType::f64 ? run(double{}) : run(float{});
}

void CudaBackend::batch_norm(const BatchNormCall& call, void* y) {
  Context& context = use();
  with_real(call.dtype, [&](auto zero) {
    using T = decltype(zero);
    const bool fits = call.channels % pack_width<T> == 0 && are_aligned(call.x, call.skip, y);
    with_pack_width<T>(fits, [&](auto width) {
      const std::int64_t packs = call.channels / width;
      launch(context, "batch_norm",
             call.skip == nullptr ? normalize<T, width, false> : normalize<T, width, true>,
             column_map_grid(context, call.rows, packs), BatchNorm<T>(call), packs,
             static_cast<const T*>(call.skip), call.relu, static_cast<T*>(y));
    });
  });
}

}  // namespace plastic::cuda
