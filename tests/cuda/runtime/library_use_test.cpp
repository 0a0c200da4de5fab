// That products and convolutions are NVIDIA's libraries': our direct kernels would give the same
// results far more slowly.
#include "cuda/runtime/library_use.h"

#include "cuda/runtime/libraries.h"
#include "plastic/core/ops.h"
#include "plastic/core/ops/conv2d.h"
#include "plastic/core/precision.h"
#include "plastic/core/random.h"
#include "tests/cuda/device.h"

namespace plastic::test {
namespace {

Tensor numbers(const Shape& shape) {
  Generator generator{.seed = 1};
  return uniform(shape, -1, 1, generator).to(cuda_device);
}

TEST_CASE("cuda.libraries.products_are_cublas_lts") {
  if (!has_cuda_device()) return;
  const cuda::LibraryUse before = cuda::library_use();
  Tensor x = numbers({24, 16}).set_requires_grad();
  const Tensor y = matmul(x, numbers({16, 32}));
  CHECK(cuda::library_use().products == before.products + 1);
  sum(y).backward();
  CHECK(cuda::library_use().products == before.products + 2);
}

TEST_CASE("cuda.libraries.convolutions_are_cudnns") {
  if (!has_cuda_device()) return;
  REQUIRE(cuda::cudnn_reason().empty());
  for (const DType dtype : {DType::f32, DType::bf16}) {
    const Tensor x = numbers({8, 16, 12, 12}).to(dtype).set_requires_grad();
    const Tensor weight = numbers({32, 16, 3, 3}).to(dtype).set_requires_grad();
    const cuda::LibraryUse before = cuda::library_use();
    sum(conv2d(x, weight, {}, {.padding = {1, 1}})).backward();
    const cuda::LibraryUse after = cuda::library_use();
    CAPTURE(name_of(dtype));
    // Forward and both gradients.
    CHECK(after.convolutions == before.convolutions + 3);
    CHECK(after.direct_convolutions == before.direct_convolutions);
  }
}

}  // namespace
}  // namespace plastic::test
