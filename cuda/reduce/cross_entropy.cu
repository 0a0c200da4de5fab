// Softmax cross-entropy: the normalizer of each row and the loss of the block's rows, which a
// second kernel joins.
#include <cmath>
#include <limits>

#include "core/ops/cross_entropy_rule.h"
#include "core/tensor/dispatch.h"
#include "cuda/conv/image_grid.h"
#include "cuda/reduce/block_sum.h"
#include "cuda/runtime/check.h"
#include "cuda/runtime/cuda_backend.h"
#include "cuda/runtime/scratch.h"

namespace plastic::cuda {
namespace {

// Functions of the host cannot be called in kernels; what they computed can be used.
template <class Number>
constexpr Number lowest = -std::numeric_limits<Number>::infinity();
template <class Number>
constexpr Number nan_of = std::numeric_limits<Number>::quiet_NaN();

/// What becomes of some rows.
struct Outcome {
  double loss;
  /// Position of the first target out of range; as many as there are rows where none is.
  std::int64_t first_bad;
};

__device__ void join(Outcome& outcome, const Outcome& other) {
  outcome.loss += other.loss;
  if (other.first_bad < outcome.first_bad) outcome.first_bad = other.first_bad;
}

/// The largest of what the threads of a team have; NaN may be lost.
template <unsigned team, class Number>
__device__ Number team_max(Number value) {
  const auto larger = [](Number a, Number b) { return a < b ? b : a; };
  for (int step = 16; step > 0; step /= 2) {
    value = larger(value, __shfl_xor_sync(0xFFFFFFFFU, value, step));
  }
  if constexpr (team == block_threads) {
    constexpr unsigned warps = block_threads / 32;
    __shared__ Number all[warps];
    // Those of the row before may still be read.
    __syncthreads();
    if (threadIdx.x % 32 == 0) all[threadIdx.x / 32] = value;
    __syncthreads();
    for (unsigned i = 0; i < warps; ++i) value = larger(value, all[i]);
  }
  return value;
}

template <unsigned team, class Number>
__device__ Number team_sum(Number value) {
  if constexpr (team == block_threads) {
    return block_sum(value);
  } else {
    return warp_sum(value);
  }
}

/// `team` threads per row, 32 or the block.
template <class T, unsigned team>
__global__ void __launch_bounds__(block_threads)
    row_losses(const T* logits, const std::int64_t* targets, std::int64_t rows,
               std::int64_t classes, rules::Normalizer* normalizers, Outcome* outcomes) {
  constexpr unsigned teams = block_threads / team;
  const unsigned lane = threadIdx.x % team;
  Outcome own{0, rows};
  const std::int64_t step = std::int64_t{gridDim.x} * teams;
  for (std::int64_t row = std::int64_t{blockIdx.x} * teams + threadIdx.x / team; row < rows;
       row += step) {
    const T* z = logits + row * classes;
    T top = lowest<T>;
    for (std::int64_t j = lane; j < classes; j += team) {
      const T value = z[j];
      if (top < value) top = value;
    }
    top = team_max<team>(top);
    const std::int64_t target = targets[row];
    double others = 0;
    for (std::int64_t j = lane; j < classes; j += team) {
      if (j != target) others += static_cast<double>(std::exp(z[j] - top));
    }
    others = team_sum<team>(others);
    if (lane != 0) continue;
    rules::Normalizer normalizer{static_cast<double>(top), nan_of<double>, others};
    if (target >= 0 && target < classes) {
      normalizer.sum = others + static_cast<double>(std::exp(z[target] - top));
      join(own, {rules::row_loss(normalizer, static_cast<double>(z[target])), rows});
    } else {
      join(own, {nan_of<double>, row});
    }
    normalizers[row] = normalizer;
  }
  __shared__ Outcome all[teams];
  if (lane == 0) all[threadIdx.x / team] = own;
  __syncthreads();
  if (threadIdx.x != 0) return;
  for (unsigned i = 1; i < teams; ++i) join(own, all[i]);
  outcomes[blockIdx.x] = own;
}

/// One block: the mean, and where the first target out of range is, or -1.
template <class T>
__global__ void __launch_bounds__(block_threads)
    mean_loss(const Outcome* outcomes, std::int64_t count, std::int64_t rows, T* loss,
              std::int64_t* first_bad) {
  Outcome own{0, rows};
  for (std::int64_t i = threadIdx.x; i < count; i += block_threads) join(own, outcomes[i]);
  __shared__ Outcome all[block_threads];
  all[threadIdx.x] = own;
  for (unsigned step = block_threads / 2; step > 0; step /= 2) {
    __syncthreads();
    if (threadIdx.x < step) join(all[threadIdx.x], all[threadIdx.x + step]);
  }
  if (threadIdx.x != 0) return;
  *loss = static_cast<T>(all[0].loss / static_cast<double>(rows));
  *first_bad = all[0].first_bad < rows ? all[0].first_bad : -1;
}

/// (softmax - onehot) · grad / n. A target out of range gives NaN, from its row's sum: the loss is
/// NaN, too.
template <class T>
__global__ void __launch_bounds__(block_threads)
    gradient(const T* logits, const std::int64_t* targets, std::int64_t rows, std::int64_t classes,
             const rules::Normalizer* normalizers, const T* grad, T* out) {
  const std::int64_t column = own_column();
  if (column >= classes) return;
  const T scale = *grad / static_cast<T>(rows);
  for_each_image_row(rows, [&](std::int64_t row) {
    const std::int64_t at = row * classes + column;
    const rules::Normalizer& normalizer = normalizers[row];
    const T factor = scale / static_cast<T>(normalizer.sum);
    const T term = column == targets[row]
                       ? -static_cast<T>(normalizer.others)
                       : std::exp(logits[at] - static_cast<T>(normalizer.maximum));
    out[at] = term * factor;
  });
}

}  // namespace

std::int64_t CudaBackend::cross_entropy(const Array& logits, const Array& targets,
                                        const Array& loss, const Array& normalizers) {
  Context& context = use();
  const std::int64_t rows = logits.shape[0];
  const std::int64_t classes = logits.shape[1];
  // Classes that keep a block busy.
  constexpr std::int64_t many_classes = 4 * block_threads;
  const std::int64_t teams = classes < many_classes ? block_threads / 32 : 1;
  const std::int64_t most = std::int64_t{8} * context.multiprocessors();
  const std::int64_t blocks = std::min((rows + teams - 1) / teams, most);
  const Scratch outcomes(context, static_cast<std::size_t>(blocks) * sizeof(Outcome));
  const Scratch first_bad(context, sizeof(std::int64_t));
  dispatch_floating("cross_entropy", logits.dtype, [&](auto zero) {
    using T = decltype(zero);
    if (rows > 0) {
      launch(context, "cross_entropy", teams > 1 ? row_losses<T, 32> : row_losses<T, block_threads>,
             Grid{.blocks = dim3(static_cast<unsigned>(blocks))}, logits.as<T>(),
             targets.as<std::int64_t>(), rows, classes, normalizers.as<rules::Normalizer>(),
             outcomes.as<Outcome>());
    }
    launch(context, "cross_entropy mean", mean_loss<T>, Grid{}, outcomes.as<Outcome>(), blocks,
           rows, loss.as<T>(), first_bad.as<std::int64_t>());
  });
  // The error could not be reported during capture; the NaN loss shows it.
  if (context.is_recording()) return -1;
  std::int64_t found = -1;
  check(cudaMemcpyAsync(&found, first_bad.as<std::int64_t>(), sizeof(found), cudaMemcpyDeviceToHost,
                        context.stream()),
        "cudaMemcpyAsync in cross_entropy");
  context.wait("cross_entropy");
  return found;
}

void CudaBackend::cross_entropy_grad(const Array& logits, const Array& targets,
                                     const Array& normalizers, const Array& grad,
                                     const Array& out) {
  Context& context = use();
  const std::int64_t rows = logits.shape[0];
  const std::int64_t classes = logits.shape[1];
  if (out.numel() == 0) return;
  dispatch_floating("cross_entropy", logits.dtype, [&](auto zero) {
    using T = decltype(zero);
    launch(context, "cross_entropy_grad", gradient<T>, image_grid(context, rows, classes),
           logits.as<T>(), targets.as<std::int64_t>(), rows, classes,
           normalizers.as<const rules::Normalizer>(), grad.as<T>(), out.as<T>());
  });
}

}  // namespace plastic::cuda
