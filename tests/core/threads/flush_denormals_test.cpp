// Denormal numbers: what flushes them, what keeps them, and that the caller's setting comes back.
#include "plastic/core/flush_denormals.h"

#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <cfenv>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <thread>
#include <vector>

#include "core/threads/parallel.h"
#include "plastic/core/autograd.h"
#include "plastic/core/ops.h"
#include "plastic/optim/sgd.h"
#include "tests/support/denormals.h"
#include "tests/support/thread_count.h"

namespace plastic {
namespace {

using test::can_flush;
using test::fast_math_bits;
using test::float_control;
using test::set_float_control;
using test::ThreadCount;

/// aarch64 has one flag for both.
#if defined(__aarch64__)
constexpr bool spares_operands = false;
#else
constexpr bool spares_operands = true;
#endif

/// A product on this thread that is denormal.
template <class T>
T denormal_product() {
  const volatile T a = std::sqrt(std::numeric_limits<T>::min());
  const volatile T b = a / 1024;
  return a * b;
}

/// Whether this thread flushes.
bool flushes() {
  CHECK((denormal_product<float>() == 0) == (denormal_product<double>() == 0));
  return denormal_product<float>() == 0;
}

/// Whether `x` has nothing but zeros; otherwise it is to have nothing but denormal numbers.
bool is_flushed(const Tensor& x) {
  std::size_t zeros = 0, denormal = 0;
  const std::vector<double> values = x.detach().to(DType::f64).to_vector<double>();
  const double least = x.dtype() == DType::f32
                           ? static_cast<double>(std::numeric_limits<float>::min())
                           : std::numeric_limits<double>::min();
  for (const double value : values) {
    zeros += value == 0 ? 1 : 0;
    denormal += value != 0 && std::abs(value) < least ? 1 : 0;
  }
  CHECK((zeros == values.size() || denormal == values.size()));
  return zeros == values.size();
}

Tensor small(DType dtype, std::int64_t size = 1) {
  return Tensor::full({size}, dtype == DType::f32 ? 1e-20 : 1e-160, {.dtype = dtype});
}

/// Runs `body` on two threads at once, and gives what it returned on each.
template <class Body>
std::array<bool, 2> on_two_threads(Body body) {
  const ThreadCount count(2);
  std::array<bool, 2> results{};
  std::atomic<int> arrived = 0;
  parallel_for(0, 2, 1, [&](std::int64_t first, std::int64_t last) {
    REQUIRE(last - first == 1);
    ++arrived;
    while (arrived < 2) std::this_thread::yield();
    results[static_cast<std::size_t>(first)] = body();
  });
  return results;
}

}  // namespace

TEST_CASE("core.flush_denormals.operations_keep_them_outside") {
  for (const DType dtype : {DType::f32, DType::f64}) {
    CAPTURE(name_of(dtype));
    const Tensor x = small(dtype);
    CHECK(!is_flushed(mul(x, x)));
    {
      const FlushDenormals flush;
      CHECK(is_flushed(mul(x, x)) == can_flush);
    }
    const Tensor denormal = mul(x, x);
    CHECK(!is_flushed(denormal));
    // An operand is not a result.
    const FlushDenormals flush;
    const Tensor large = Tensor::full({1}, dtype == DType::f32 ? 1e30 : 1e300, {.dtype = dtype});
    if (spares_operands) CHECK(mul(denormal, large).item() > 0);
  }
}

TEST_CASE("core.flush_denormals.scopes_are_nested") {
  CHECK(!flushes());
  {
    const FlushDenormals flush;
    CHECK(flushes() == can_flush);
    {
      const FlushDenormals keep(false);
      CHECK(!flushes());
      const FlushDenormals again;
      CHECK(flushes() == can_flush);
    }
    CHECK(flushes() == can_flush);
  }
  CHECK(!flushes());
}

TEST_CASE("core.flush_denormals.all_threads_of_a_loop_do_as_the_caller") {
  // Twice, as threads keep what the loop before left.
  for (int i = 0; i < 2; ++i) {
    CHECK(on_two_threads(flushes) == std::array{false, false});
    const FlushDenormals flush;
    CHECK(on_two_threads(flushes) == std::array{can_flush, can_flush});
  }
}

TEST_CASE("core.flush_denormals.all_threads_of_a_loop_round_as_the_caller") {
  // To nearest, 1/3 is rounded up.
  const auto rounds_down = [] {
    const volatile float one = 1, three = 3;
    return one / three < 0.33333334F;
  };
  const int before = std::fegetround();
  for (int i = 0; i < 2; ++i) {
    CHECK(on_two_threads(rounds_down) == std::array{false, false});
    std::fesetround(FE_DOWNWARD);
    const std::array<bool, 2> downward = on_two_threads(rounds_down);
    std::fesetround(before);
    CHECK(downward[0]);
    // Elsewhere, threads do not take it over.
    if (can_flush) CHECK(downward[1]);
  }
}

TEST_CASE("core.flush_denormals.backward_flushes_gradients") {
  for (const DType dtype : {DType::f32, DType::f64}) {
    CAPTURE(name_of(dtype));
    const auto gradient = [&] {
      Tensor x = small(dtype, 100'000).set_requires_grad();
      mul(x, 1.0).backward(small(dtype, 100'000));
      Tensor y = Tensor::ones({100'000}, {.dtype = dtype}).set_requires_grad();
      mul(y, x.detach()).backward(x.grad());
      return y.grad();
    };
    for (const int threads : {1, 2, 3}) {
      const ThreadCount count(threads);
      CHECK(is_flushed(gradient()) == (can_flush && spares_operands));
      const FlushDenormals keep(false);
      CHECK(!is_flushed(gradient()));
    }
  }
  // Steep functions at denormal operands: d√x/dx.
  const double tiny = 0x1p-140;
  Tensor x = Tensor::full({1}, tiny).set_requires_grad();
  sqrt(x).backward(Tensor::ones({1}));
  CHECK(x.grad().item() == 0.5 / std::sqrt(tiny));
}

TEST_CASE("core.flush_denormals.the_callers_setting_comes_back") {
  const auto check = [] {
    const unsigned before = float_control();
    Tensor x = Tensor::ones({3}).set_requires_grad();
    sum(mul(x, x)).backward();
    CHECK(float_control() == before);
    optim::Sgd optimizer({x}, {.lr = 0.1, .momentum = 0.9});
    optimizer.step();
    CHECK(float_control() == before);
    // On the way out of an exception, too.
    const Tensor y = mul(x, x);
    y.register_hook([](const Tensor&) -> Tensor { throw std::runtime_error("from the hook"); });
    CHECK_THROWS_AS(sum(y).backward(), std::runtime_error);
    CHECK(float_control() == before);
    optimizer.set_gradient_hook([](const Tensor&) { throw std::runtime_error("from the hook"); });
    CHECK_THROWS_AS(optimizer.step(), std::runtime_error);
    CHECK(float_control() == before);
    { const FlushDenormals flush; }
    CHECK(float_control() == before);
    { const FlushDenormals keep(false); }
    CHECK(float_control() == before);
  };
  check();
  // Where denormal operands are zeros, too.
  if (can_flush) {
    const unsigned usual = float_control();
    set_float_control(usual | fast_math_bits);
    check();
    CHECK(flushes());
    {
      const FlushDenormals keep(false);
      CHECK(!flushes());
      const volatile float tiny = 0x1p-140F;
      CHECK(tiny * 0x1p100F > 0);
    }
    CHECK(flushes());
    set_float_control(usual);
  }
  const int rounding = std::fegetround();
  std::fesetround(FE_DOWNWARD);
  const unsigned before = float_control();
  { const FlushDenormals flush; }
  const unsigned after = float_control();
  std::fesetround(rounding);
  CHECK(after == before);
}

}  // namespace plastic
