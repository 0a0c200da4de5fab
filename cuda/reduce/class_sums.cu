#include "cuda/reduce/block_sum.h"
#include "cuda/runtime/cuda_backend.h"
#include "cuda/runtime/launch.h"
#include "cuda/runtime/number.h"

namespace plastic::cuda {
namespace {

/// The position of the largest element of a row, as ClassSums::add_class_sums has it.
template <class T>
__device__ std::int64_t largest(const T* row, std::int64_t classes) {
  std::int64_t best = 0;
  computed<T> most = widen(row[0]);
  for (std::int64_t j = 1; j < classes && most == most; ++j) {
    const computed<T> value = widen(row[j]);
    if (value <= most) continue;
    most = value;
    best = j;
  }
  return best;
}

/// A row a thread. One block, so that the sums need no order among blocks.
template <class T>
__global__ void add_class_sums_kernel(std::int64_t rows, std::int64_t classes, const T* logits,
                                      const std::int64_t* targets, const computed<T>* loss,
                                      double* sums) {
  int correct = 0;
  for (std::int64_t i = threadIdx.x; i < rows; i += block_threads) {
    correct += largest(logits + i * classes, classes) == targets[i] ? 1 : 0;
  }
  const int total = block_sum(correct);
  if (threadIdx.x != 0) return;
  sums[0] += static_cast<double>(*loss) * static_cast<double>(rows);
  sums[1] += static_cast<double>(total);
}

}  // namespace

void CudaBackend::add_class_sums(const Array& logits, const Array& targets, const Array& loss,
                                 const Array& sums) {
  Context& context = use();
  with_real(logits.dtype, [&](auto zero) {
    using T = decltype(zero);
    launch(context, "add_class_sums", add_class_sums_kernel<T>, {.blocks = 1}, logits.shape[0],
           logits.shape[1], logits.as<T>(), targets.as<std::int64_t>(), loss.as<computed<T>>(),
           sums.as<double>());
  });
}

}  // namespace plastic::cuda
