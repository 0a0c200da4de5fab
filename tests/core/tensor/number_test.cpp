// Numbers that functions are called with: what a dtype cannot hold is an error for every one.
#include "plastic/core/number.h"

#include <doctest/doctest.h>

#include <functional>
#include <limits>

#include "core/text.h"
#include "plastic/core/error.h"
#include "plastic/core/ops.h"
#include "plastic/core/random.h"
#include "plastic/core/tensor.h"

namespace plastic {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

TEST_CASE("core.number.kinds") {
  CHECK(Number(3).is_integer());
  CHECK(Number(3).real() == 3);
  CHECK(Number(true).integer() == 1);
  CHECK(Number(std::int64_t{9007199254740993}).integer() == 9007199254740993);
  CHECK(Number(std::uint8_t{255}).integer() == 255);
  CHECK_FALSE(Number(3.0).is_integer());
  CHECK_FALSE(Number(std::numeric_limits<std::uint64_t>::max()).is_integer());
  CHECK(Number(std::numeric_limits<std::uint64_t>::max()).real() == 0x1p64);
}

TEST_CASE("core.number.text") {
  CHECK(to_string(Number(std::int64_t{9007199254740993})) == "9007199254740993");
  CHECK(to_string(Number(0.3)) == "0.3");
  CHECK(to_string(Number(1e39)) == "1e+39");
  CHECK(to_string(Number(-infinity)) == "-inf");
  CHECK(to_string(Number(-nan)) == "nan");
}

/// Every function that takes a number, with that number and tensors of that dtype.
struct Taker {
  const char* op;
  std::function<Tensor(DType, Number)> call;
};

const std::vector<Taker>& takers() {
  static const auto one = [](DType dtype) { return Tensor::ones({1}, {.dtype = dtype}); };
  static const std::vector<Taker> all = {
      {"full", [](DType d, Number x) { return Tensor::full({1}, x, {.dtype = d}); }},
      {"fill_", [](DType d, Number x) { return one(d).fill_(x); }},
      {"add_", [](DType d, Number x) { return one(d).add_(x); }},
      {"add", [](DType d, Number x) { return one(d) + x; }},
      {"add", [](DType d, Number x) { return x + one(d); }},
      {"sub", [](DType d, Number x) { return one(d) - x; }},
      {"mul", [](DType d, Number x) { return one(d) * x; }},
      {"div", [](DType d, Number x) { return one(d) / x; }},
      {"clamp", [](DType d, Number x) { return clamp(one(d), x, x); }},
      {"pad",
       [](DType d, Number x) {
         return pad(one(d), {1, 1}, x);
       }},
      {"masked_fill", [](DType d, Number x) { return masked_fill(one(d), one(DType::u8), x); }},
  };
  return all;
}

TEST_CASE("core.number.what_a_dtype_cannot_hold_is_an_error") {
  const auto refused = [](DType dtype, Number number, const std::string& what) {
    for (const Taker& taker : takers()) {
      CAPTURE(taker.op);
      CAPTURE(to_string(number));
      const std::string message = text_of('[', taker.op, "] ", what);
      CHECK_THROWS_WITH_AS(taker.call(dtype, number), doctest::Contains(message.c_str()), Error);
    }
  };
  for (const Number number : {Number(256), Number(-1), Number(0.5), Number(1e300), Number(nan)}) {
    refused(DType::u8, number,
            text_of("u8 cannot hold ", to_string(number), ", only whole numbers from"));
  }
  for (const Number number : {Number(0.5), Number(0x1p63), Number(-1e19), Number(infinity),
                              Number(nan), Number(std::numeric_limits<std::uint64_t>::max())}) {
    refused(DType::i64, number,
            text_of("i64 cannot hold ", to_string(number), ", only whole numbers of"));
  }
  refused(DType::f32, 1e39, "f32 cannot hold 1e+39, only numbers up to 3.4e38");
  refused(DType::f32, -3.5e38, "f32 cannot hold -3.5e+38");
}

TEST_CASE("core.number.what_a_dtype_can_hold_is_none") {
  for (const Taker& taker : takers()) {
    CAPTURE(taker.op);
    const std::string op = taker.op;
    for (const std::int64_t number : {1, 200, 255}) {
      CHECK_NOTHROW(taker.call(DType::u8, number));
      CHECK_NOTHROW(taker.call(DType::u8, static_cast<double>(number)));
    }
    CHECK_NOTHROW(taker.call(DType::i64, std::numeric_limits<std::int64_t>::min()));
    CHECK_NOTHROW(taker.call(DType::i64, -0x1p63));
    CHECK_NOTHROW(taker.call(DType::f32, std::numeric_limits<float>::max()));
    CHECK_NOTHROW(taker.call(DType::f32, 1e-300));
    CHECK_NOTHROW(taker.call(DType::f32, infinity));
    if (op != "clamp") CHECK_NOTHROW(taker.call(DType::f32, nan));
    CHECK_NOTHROW(taker.call(DType::f64, 1e300));
  }
  CHECK_NOTHROW(Tensor::full({1}, 3.38e38, {.dtype = DType::bf16}));
  // Rounded to 8 bits it is infinite.
  CHECK_THROWS_AS(Tensor::full({1}, 3.4e38, {.dtype = DType::bf16}), Error);
}

TEST_CASE("core.number.functions_of_floating_point_take_what_fits") {
  const Tensor x = Tensor::ones({1});
  CHECK_THROWS_WITH_AS(leaky_relu(x, 1e39), doctest::Contains("[leaky_relu] f32 cannot"), Error);
  CHECK_THROWS_WITH_AS(pow(x, 1e39), doctest::Contains("[pow] f32 cannot hold 1e+39"), Error);
}

TEST_CASE("core.number.random_draws") {
  Generator generator;
  const auto check = [&](double a, double b) {
    CHECK_THROWS_AS(uniform({1}, a, b, generator), Error);
    CHECK_THROWS_AS(normal({1}, b, -a, generator), Error);
  };
  check(-1e39, 0);
  check(-1, 1e39);
  check(-infinity, 0);
  check(-1, infinity);
  CHECK_THROWS_WITH_AS(uniform({1}, -1e308, 1e308, generator, DType::f64),
                       doctest::Contains("the range is not finite"), Error);
}

TEST_CASE("core.number.arange") {
  CHECK(Tensor::arange(256, {.dtype = DType::u8}).to_vector<std::uint8_t>()[255] == 255);
  CHECK_THROWS_WITH_AS(Tensor::arange(257, {.dtype = DType::u8}),
                       doctest::Contains("[arange] u8 cannot hold 256"), Error);
}

}  // namespace
}  // namespace plastic
