#include "core/ops/mixed_precision.h"

#include <doctest/doctest.h>

#include "plastic/core/error.h"
#include "plastic/core/ops.h"
#include "plastic/core/precision.h"

namespace plastic {
namespace {

struct PrecisionOf {
  explicit PrecisionOf(Precision precision) { set_precision(precision); }
  ~PrecisionOf() { set_precision(Precision::f32); }
};

TEST_CASE("core.ops.mixed_precision.what_is_narrowed") {
  const Device cuda{.type = DeviceType::cuda};
  for (const Precision set : {Precision::f32, Precision::tf32, Precision::bf16}) {
    const PrecisionOf scope(set);
    CAPTURE(to_string(set));
    CHECK(is_narrowed(DType::f32, cuda) == (set == Precision::bf16));
    CHECK_FALSE(is_narrowed(DType::f32, Device{}));
    CHECK_FALSE(is_narrowed(DType::f64, cuda));
    CHECK_FALSE(is_narrowed(DType::bf16, cuda));
  }
}

TEST_CASE("core.ops.mixed_precision.the_cpu_computes_in_f32") {
  const PrecisionOf scope(Precision::bf16);
  const Tensor x = Tensor::of({1, 0x1.001p0F}, {1, 2});
  CHECK(for_product(x).impl() == x.impl());
  CHECK_FALSE(for_product({}).defined());
  CHECK(widened("test", x).impl() == x.impl());
  const Tensor y = linear(x, x);
  CHECK(y.dtype() == DType::f32);
  CHECK(y.item() == 1 + 0x1.001p0F * 0x1.001p0F);
  CHECK_THROWS_WITH_AS(widened("test", x.to(DType::bf16)), doctest::Contains("[test] bf16"), Error);
  CHECK_THROWS_WITH_AS(widened("test", {}), doctest::Contains("[test] the tensor is undefined"),
                       Error);
}

}  // namespace
}  // namespace plastic
