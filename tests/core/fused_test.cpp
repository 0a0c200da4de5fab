#include "core/fused.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

namespace plastic {
namespace {

/// A product that lies halfway between two numbers, with nothing, little and less than nothing
/// added to it.
template <class T>
void check_halfway(T a, T b, T below, T above, T even) {
  const T little = std::numeric_limits<T>::min();
  CHECK(fused_product(a, b, T{0}) == even);
  CHECK(fused_product(a, b, little) == above);
  CHECK(fused_product(a, b, -little) == below);
  CHECK(fused_product(-a, b, little) == -below);
  CHECK(fused_product(-a, b, -little) == -above);
}

template <class T>
void check_special_values() {
  constexpr T infinity = std::numeric_limits<T>::infinity();
  constexpr T largest = std::numeric_limits<T>::max();
  CHECK(fused_product(infinity, T{1}, T{1}) == infinity);
  CHECK(fused_product(largest, T{2}, T{0}) == infinity);
  CHECK(fused_product(largest, T{2}, -infinity) == -infinity);
  CHECK(fused_product(largest, T{2}, -largest) == largest);
  CHECK(std::isnan(fused_product(infinity, T{1}, -infinity)));
  CHECK(std::isnan(fused_product(infinity, T{0}, T{1})));
  constexpr T least = std::numeric_limits<T>::denorm_min();
  CHECK(fused_product(least, T{0.5}, T{0}) == 0);
  CHECK(fused_product(least, T{0.5}, least) == 2 * least);
  CHECK(std::signbit(fused_product(T{-1}, T{0}, T{-0.0})));
}

TEST_CASE("core.fused.is_rounded_once") {
  check_halfway<float>(0x1.001p0F, 0x1.001p0F, 0x1.002p0F, 0x1.002002p0F, 0x1.002p0F);
  check_halfway<double>(0x1.0000004p0, 0x1.0000002p0, 0x1.0000006p0, 0x1.0000006000001p0,
                        0x1.0000006p0);
  // What a product loses is what is left of it.
  CHECK(fused_product(0.1, 0.1, -(0.1 * 0.1)) == -0x1.eb851eb851eb8p-61);
  CHECK(fused_product(0.1F, 0.1F, -(0.1F * 0.1F)) ==
        static_cast<float>(static_cast<double>(0.1F) * static_cast<double>(0.1F) -
                           static_cast<double>(0.1F * 0.1F)));
}

TEST_CASE("core.fused.special_values") {
  check_special_values<float>();
  check_special_values<double>();
}

}  // namespace
}  // namespace plastic
