#include "core/ops/mixed_precision.h"

#include <doctest/doctest.h>

#include "plastic/core/error.h"
#include "plastic/core/ops.h"
#include "plastic/core/precision.h"
#include "tests/support/scoped_precision.h"

namespace plastic {
namespace {

TEST_CASE("core.ops.mixed_precision.what_is_narrowed") {
  for (const Precision set : {Precision::f32, Precision::tf32, Precision::bf16}) {
    const test::ScopedPrecision scope(set);
    CAPTURE(to_string(set));
    CHECK(is_narrowed(DType::f32) == (set == Precision::bf16));
    CHECK_FALSE(is_narrowed(DType::f64));
    CHECK_FALSE(is_narrowed(DType::bf16));
  }
}

TEST_CASE("core.ops.mixed_precision.products_round_what_they_read_and_their_result") {
  const test::ScopedPrecision scope(Precision::bf16);
  // Numbers of bf16 have 8 bits: the first is one, the second is rounded to 1.
  const Tensor x = Tensor::of({3, 0x1.001p0F}, {1, 2});
  CHECK(for_product(x).dtype() == DType::bf16);
  CHECK_FALSE(for_product({}).defined());
  CHECK(widened("test", x).impl() == x.impl());
  const Tensor y = linear(x, Tensor::of({43, 1}, {1, 2}));
  CHECK(y.dtype() == DType::bf16);
  CHECK(y.item() == 130);
  // 301 lies between 300 and 302, both bf16 numbers; of two as near, the even one is taken.
  CHECK(linear(x, Tensor::of({100, 1}, {1, 2})).item() == 300);
  CHECK(widened("test", y).dtype() == DType::f32);
  CHECK_THROWS_WITH_AS(widened("test", {}), doctest::Contains("[test] the tensor is undefined"),
                       Error);
}

}  // namespace
}  // namespace plastic
