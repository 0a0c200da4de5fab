#include "tests/core/cpu/bf16/models.h"

#include <doctest/doctest.h>

namespace plastic::test {
namespace {

std::uint32_t unit(float low, float high) {
  return bfloat16(low).bits | std::uint32_t{bfloat16(high).bits} << 16;
}

float add_pairs(float sum, std::uint32_t a, std::uint32_t b) {
  const ModelOfPairs::Sums sums =
      ModelOfPairs::add({{sum}}, ModelOfPairs::everywhere(&a), ModelOfPairs::everywhere(&b));
  return sums.of[0];
}

/// One step of tiles whose first row and column have one pair.
float add_tiles(float sum, std::uint32_t a, std::uint32_t b) {
  ModelOfTiles tiles;
  float c[16 * 16] = {sum};
  std::uint32_t left[16 * 16] = {a}, right[16 * 16] = {b};
  tiles.load<0>(c, 64);
  tiles.load<4>(left, 64);
  tiles.load<6>(right, 64);
  tiles.add<0, 4, 6>();
  tiles.store<0>(c, 64);
  return c[0];
}

TEST_CASE("core.bf16.models.sums_of_products") {
  CHECK(add_pairs(1, unit(2, 3), unit(5, 7)) == 32);
  CHECK(add_tiles(1, unit(2, 3), unit(5, 7)) == 32);
}

TEST_CASE("core.bf16.models.order_of_rounding") {
  // Added one by one, ones are lost beside 2²⁴; together they are not.
  const std::uint32_t ones = unit(1, 1);
  CHECK(add_pairs(0x1p24F, ones, ones) == 0x1p24F);
  CHECK(add_tiles(0x1p24F, ones, ones) == 0x1p24F + 2);
  // The upper product is added before the lower one.
  CHECK(add_pairs(0x1p24F, unit(1, -0x1p24F), ones) == 1);
  CHECK(add_pairs(0x1p24F, unit(-0x1p24F, 1), ones) == 0);
}

TEST_CASE("core.bf16.models.denormal_numbers_are_0") {
  const float least = 0x1p-126F;
  CHECK(add_pairs(0, unit(least / 2, 0), unit(0x1p100F, 0)) == 0);
  CHECK(add_tiles(0, unit(least / 2, 0), unit(0x1p100F, 0)) == 0);
  CHECK(add_pairs(0x1p-130F, unit(0, 0), unit(0, 0)) == 0);
  CHECK(add_tiles(0x1p-130F, unit(0, 0), unit(0, 0)) == 0);
  const float product = add_pairs(0, unit(-0x1p-100F, 0), unit(0x1p-30F, 0));
  CHECK((product == 0 && std::signbit(product)));
  CHECK(add_pairs(0, unit(0x1p-100F, 0), unit(0x1p-26F, 0)) == least);
  CHECK(add_pairs(0, unit(0x1.FEp-100F, 0), unit(0x1p-27F, 0)) == 0);
}

TEST_CASE("core.bf16.models.what_is_denormal_is_decided_after_rounding_to_24_bits") {
  // The first rounds to 2⁻¹²⁶. The second has 24 bits and a smaller exponent, though the nearest
  // denormal number or 0 would be 2⁻¹²⁶ too.
  CHECK(fused(-0x1p-100F, 0x1p-52F, 0x1p-126F) == 0x1p-126F);
  CHECK(fused(-0x1p-100F, 0x1p-50F, 0x1p-126F) == 0);
}

TEST_CASE("core.bf16.models.special_values") {
  const float infinity = std::numeric_limits<float>::infinity();
  CHECK(add_pairs(0, unit(infinity, 1), unit(2, 1)) == infinity);
  CHECK(std::isnan(add_pairs(0, unit(infinity, 1), unit(0, 1))));
  CHECK(std::isnan(add_tiles(0, unit(infinity, infinity), unit(1, -1))));
  CHECK(add_tiles(-infinity, unit(1, 1), unit(1, 1)) == -infinity);
}

}  // namespace
}  // namespace plastic::test
