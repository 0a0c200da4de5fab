// Products of bf16 by every kernel: packing, tails, shapes, what follows the sums. Where all
// numbers are small integers the sums are exact, so that every kernel must give the same bits.
#include "core/cpu/bf16/products.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <ostream>

#include "core/cpu/level.h"
#include "plastic/core/random.h"
#include "tests/core/cpu/bf16/kernels.h"
#include "tests/support/thread_count.h"

namespace plastic::test {
namespace {

using Numbers = std::vector<bfloat16>;

Numbers integers(std::int64_t count, int largest, std::uint64_t seed) {
  Generator generator{.seed = seed};
  Numbers out;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto drawn =
        static_cast<int>(generator.next_below(static_cast<unsigned>(2 * largest + 1)));
    out.emplace_back(drawn - largest);
  }
  return out;
}

Numbers uniform_numbers(std::int64_t count, std::uint64_t seed) {
  Generator generator{.seed = seed};
  Numbers out;
  for (std::int64_t i = 0; i < count; ++i) {
    out.emplace_back(2 * generator.next_float() - 1);
  }
  return out;
}

/// A product with operands that lie wider apart than they are.
struct Case {
  std::int64_t m, n, k;
  bool transpose_a = false, transpose_b = false;
  /// Elements between rows beyond those of a row.
  std::int64_t gap = 0;
  bool bias = false, relu = false;
  double dropout = 0;

  Gemm gemm() const {
    return {.dtype = DType::bf16,
            .m = m,
            .n = n,
            .k = k,
            .lda = (transpose_a ? m : k) + gap,
            .transpose_a = transpose_a,
            .ldb = (transpose_b ? k : n) + gap,
            .transpose_b = transpose_b,
            .ldc = n + gap,
            .relu = relu,
            .dropout = dropout,
            .at = {.seed = 4}};
  }
};

std::ostream& operator<<(std::ostream& out, const Case& c) {
  return out << c.m << "x" << c.n << "x" << c.k << (c.transpose_a ? " a transposed" : "")
             << (c.transpose_b ? " b transposed" : "") << " gap " << c.gap;
}

struct Operands {
  Numbers a, b, bias;
};

Operands operands(const Case& c, int largest) {
  const Gemm g = c.gemm();
  return {integers((c.transpose_a ? c.k : c.m) * g.lda, largest, 1),
          integers((c.transpose_b ? c.n : c.k) * g.ldb, largest, 2), integers(c.n, largest, 3)};
}

constexpr std::uint16_t untouched = 0x1234;

Numbers product(cpu::Bf16Products& products, const Case& c, const Operands& of) {
  Gemm g = c.gemm();
  Numbers out(static_cast<std::size_t>(c.m * g.ldc), std::bit_cast<bfloat16>(untouched));
  g.a = of.a.data();
  g.b = of.b.data();
  g.bias = c.bias ? of.bias.data() : nullptr;
  g.c = out.data();
  products.gemm(g);
  return out;
}

struct Expected {
  double sum = 0, magnitude = 0;
};

Expected expected_at(const Case& c, const Operands& of, std::int64_t i, std::int64_t j) {
  const Gemm g = c.gemm();
  Expected out;
  for (std::int64_t p = 0; p < c.k; ++p) {
    const double a = of.a[static_cast<std::size_t>(c.transpose_a ? p * g.lda + i : i * g.lda + p)];
    const double b = of.b[static_cast<std::size_t>(c.transpose_b ? j * g.ldb + p : p * g.ldb + j)];
    out.sum += a * b;
    out.magnitude += std::abs(a * b);
  }
  if (c.bias) out.sum += static_cast<double>(of.bias[static_cast<std::size_t>(j)]);
  if (c.relu) out.sum = std::max(out.sum, 0.0);
  return out;
}

std::vector<Case> cases() {
  std::vector<Case> out;
  // Around the sizes of tiles, vectors and steps.
  const std::int64_t sizes[][3] = {{1, 1, 1},    {1, 40, 64},  {16, 32, 32}, {17, 33, 31},
                                   {2, 16, 2},   {35, 65, 3},  {48, 31, 96}, {33, 97, 130},
                                   {130, 5, 33}, {15, 64, 257}};
  for (const auto& size : sizes) {
    for (const bool transpose_a : {false, true}) {
      for (const bool transpose_b : {false, true}) {
        for (const std::int64_t gap : {0, 2, 5}) {
          out.push_back({.m = size[0],
                         .n = size[1],
                         .k = size[2],
                         .transpose_a = transpose_a,
                         .transpose_b = transpose_b,
                         .gap = gap,
                         .bias = gap == 2,
                         .relu = gap == 5});
        }
      }
    }
  }
  return out;
}

void check_exact(const NamedProducts& by, const Case& c, const Operands& of) {
  CAPTURE(by.name);
  CAPTURE(c);
  const Numbers actual = product(by.products, c, of);
  std::int64_t wrong = 0;
  for (std::int64_t i = 0; i < c.m; ++i) {
    for (std::int64_t j = 0; j < c.n + c.gap; ++j) {
      const bfloat16 value = actual[static_cast<std::size_t>(i * (c.n + c.gap) + j)];
      const bool right = j >= c.n ? value.bits == untouched
                                  : float{value} == float{bfloat16(expected_at(c, of, i, j).sum)};
      wrong += right ? 0 : 1;
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("core.bf16.products.of_every_shape_and_layout") {
  for (const NamedProducts& by : products_of_every_kernel()) {
    for (const Case& c : cases()) check_exact(by, c, operands(c, 4));
  }
}

TEST_CASE("core.bf16.products.of_nothing") {
  for (const NamedProducts& by : products_of_every_kernel()) {
    for (const Case& c : {Case{.m = 3, .n = 5, .k = 0, .bias = true}, Case{.m = 0, .n = 5, .k = 4},
                          Case{.m = 3, .n = 0, .k = 4}}) {
      check_exact(by, c, operands(c, 4));
    }
  }
}

// More of k than is packed at a time, and more columns than go with that. By the model of tiles,
// which multiplies sixteen rows at least, the latter would take seconds.
TEST_CASE("core.bf16.products.in_several_groups") {
  for (const NamedProducts& by : products_of_every_kernel()) {
    const std::int64_t k = by.name == "widened" ? 9000 : 17000;
    for (const bool transpose : {false, true}) {
      const Case deep{.m = 3, .n = 40, .k = k, .transpose_a = transpose, .transpose_b = transpose};
      check_exact(by, deep, operands(deep, 1));
    }
    if (by.name == "tiles") continue;
    const Case wide{.m = 1, .n = 530, .k = k};
    check_exact(by, wide, operands(wide, 1));
  }
}

TEST_CASE("core.bf16.products.follow_f64") {
  for (const NamedProducts& by : products_of_every_kernel()) {
    const Case c{.m = 40, .n = 37, .k = 1100, .transpose_b = true, .bias = true};
    CAPTURE(by.name);
    const Operands of{uniform_numbers(c.m * c.k, 1), uniform_numbers(c.n * c.k, 2),
                      uniform_numbers(c.n, 3)};
    const Numbers actual = product(by.products, c, of);
    double worst = 0;
    for (std::int64_t i = 0; i < c.m; ++i) {
      for (std::int64_t j = 0; j < c.n; ++j) {
        const Expected e = expected_at(c, of, i, j);
        // One rounding to 8 bits, by half of the last of them, and those of f32 sums.
        const double allowed = 0x1p-8 * std::abs(e.sum) + 1e-6 * e.magnitude;
        const double apart =
            std::abs(static_cast<double>(actual[static_cast<std::size_t>(i * c.n + j)]) - e.sum);
        worst = std::max(worst, apart / allowed);
      }
    }
    CHECK(worst <= 1);
  }
}

TEST_CASE("core.bf16.products.drop_out_the_same_numbers") {
  const Case c{.m = 37, .n = 70, .k = 40, .bias = true, .relu = true, .dropout = 0.5};
  const Operands of = operands(c, 3);
  const std::vector<NamedProducts> kernels = products_of_every_kernel();
  const Numbers first = product(kernels[0].products, c, of);
  const auto zeros = std::ranges::count_if(first, [](bfloat16 x) { return float{x} == 0; });
  CHECK(zeros > 37 * 70 / 2);
  for (const NamedProducts& by : kernels) {
    CAPTURE(by.name);
    CHECK(std::ranges::equal(product(by.products, c, of), first, {}, &bfloat16::bits,
                             &bfloat16::bits));
  }
}

// What fills up tiles must not meet an infinity.
TEST_CASE("core.bf16.products.special_values_stay_in_their_rows_and_columns") {
  const float infinity = std::numeric_limits<float>::infinity();
  for (const NamedProducts& by : products_of_every_kernel()) {
    for (const std::int64_t k : {1, 31, 32, 64, 65}) {
      for (const bool transpose : {false, true}) {
        const Case c{.m = 20, .n = 35, .k = k, .transpose_a = transpose, .transpose_b = !transpose};
        CAPTURE(by.name);
        CAPTURE(c);
        Operands of{Numbers(static_cast<std::size_t>(c.m * k), bfloat16(1.0F)),
                    Numbers(static_cast<std::size_t>(c.n * k), bfloat16(1.0F)),
                    {}};
        // The last term of row 3 and of column 7.
        of.a[static_cast<std::size_t>(transpose ? (k - 1) * c.m + 3 : 3 * k + k - 1)] =
            bfloat16(infinity);
        of.b[static_cast<std::size_t>(!transpose ? 7 * k + k - 1 : (k - 1) * c.n + 7)] =
            bfloat16(std::numeric_limits<float>::quiet_NaN());
        const Numbers actual = product(by.products, c, of);
        std::int64_t wrong = 0;
        for (std::int64_t i = 0; i < c.m; ++i) {
          for (std::int64_t j = 0; j < c.n; ++j) {
            const float value = actual[static_cast<std::size_t>(i * c.n + j)];
            const bool right = j == 7   ? std::isnan(value)
                               : i == 3 ? value == infinity
                                        : value == static_cast<float>(k);
            wrong += right ? 0 : 1;
          }
        }
        CHECK(wrong == 0);
      }
    }
  }
}

TEST_CASE("core.bf16.products.same_bits_for_any_number_of_threads") {
  for (const NamedProducts& by : products_of_every_kernel()) {
    CAPTURE(by.name);
    const Case c{.m = 150, .n = 90, .k = 70, .transpose_b = true};
    const Operands of{uniform_numbers(c.m * c.k, 1), uniform_numbers(c.n * c.k, 2), {}};
    const auto with = [&](int threads) {
      const ThreadCount count(threads);
      return product(by.products, c, of);
    };
    const Numbers one = with(1);
    for (const int threads : {2, 3, 7}) {
      CHECK(std::ranges::equal(with(threads), one, {}, &bfloat16::bits, &bfloat16::bits));
    }
  }
}

#ifdef PLASTIC_HAS_BF16_LEVELS

/// Whether both are the same number, or NaN both.
bool same(bfloat16 a, bfloat16 b) {
  return a.bits == b.bits || (std::isnan(float{a}) && std::isnan(float{b}));
}

/// The instructions of a level against their model.
void check_instructions(cpu::Level level, cpu::Bf16Products& (*products)(),
                        cpu::Bf16Products& model) {
  if (std::ranges::find(cpu::built_levels(), level) == cpu::built_levels().end() ||
      !cpu::is_supported(level)) {
    MESSAGE("skipped: this processor lacks " << cpu::description(level));
    return;
  }
  for (const Case& c : cases()) {
    CAPTURE(c);
    const Gemm g = c.gemm();
    Operands of{uniform_numbers((c.transpose_a ? c.k : c.m) * g.lda, 1),
                uniform_numbers((c.transpose_b ? c.n : c.k) * g.ldb, 2), uniform_numbers(c.n, 3)};
    // Among them very small, denormal, infinite and large ones.
    for (std::size_t i = 0; i < of.a.size(); i += 7) of.a[i] = bfloat16(float{of.a[i]} * 0x1p-120F);
    for (std::size_t i = 0; i < of.a.size(); i += 11) of.a[i] = bfloat16(float{of.a[i]} * 0x1p100F);
    for (std::size_t i = 3; i < of.b.size(); i += 5) of.b[i] = bfloat16(float{of.b[i]} * 0x1p-20F);
    if (c.k > 100) of.a[of.a.size() / 2] = bfloat16(std::numeric_limits<float>::infinity());
    const Numbers actual = product(products(), c, of);
    CHECK(std::ranges::equal(actual, product(model, c, of), same));
  }
}

TEST_CASE("core.bf16.products.avx512_bf16_as_its_model") {
  check_instructions(cpu::Level::avx512_bf16, cpu::bf16_products_avx512_bf16, model_of_pairs());
}

TEST_CASE("core.bf16.products.amx_as_its_model") {
  check_instructions(cpu::Level::amx, cpu::bf16_products_amx, model_of_tiles());
}
#endif

}  // namespace
}  // namespace plastic::test
