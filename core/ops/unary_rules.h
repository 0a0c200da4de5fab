#pragma once

#include <cmath>
#include <concepts>
#include <cstdint>

#include "core/device/backend.h"
#include "core/ops/wrapping.h"
#include "plastic/core/host_device.h"

namespace plastic {

/// What the gradient of a unary function is computed from.
enum class Keep { nothing, result, argument };

namespace rules {

// Elementwise functions of one argument, a struct each, which all devices compute with:
//
// - operator() is the function. One for floating point only says so in its signature; others take
//   integers, too.
// - gradient(saved, g) is the gradient of the argument from that of the result, g, and from what
//   `keep` names: the result, the argument, or nothing that is read. A function without it passes
//   no gradient on.
// - A member `p` receives the numbers that the operation is called with.
// - `low` and `high` bound the arguments for which the tests compare gradients with differences,
//   where they are not -2 and 2.
//
// Each has a row in the lists at the end, from which the enum, the dispatch of every device, the
// public function and the checks of gradients, layouts and threads follow. What remains is to
// declare the function in a header of include/plastic/core/ops/ and to compare it with PyTorch's in
// tests/parity/cases/elementwise.py.

struct Neg {
  static constexpr Keep keep = Keep::nothing;
  template <class T>
  PLASTIC_HOST_DEVICE T operator()(T x) const {
    if constexpr (std::is_integral_v<T>) {
      return static_cast<T>(0U - wrapping(x));
    } else {
      return -x;
    }
  }
  template <std::floating_point T>
  PLASTIC_HOST_DEVICE T gradient(T, T g) const {
    return -g;
  }
};

/// -1, 0 or 1; 0 for NaN, as in PyTorch.
struct Sign {
  template <class T>
  PLASTIC_HOST_DEVICE T operator()(T x) const {
    return static_cast<T>((x > T{0} ? 1 : 0) - (is_negative(x) ? 1 : 0));
  }
};
struct Abs {
  static constexpr Keep keep = Keep::argument;
  static constexpr double low = 0.1, high = 2;
  template <class T>
  PLASTIC_HOST_DEVICE T operator()(T x) const {
    if constexpr (std::is_integral_v<T>) {
      return is_negative(x) ? Neg{}(x) : x;
    } else {
      // So for -0, too.
      return std::fabs(x);
    }
  }
  template <std::floating_point T>
  PLASTIC_HOST_DEVICE T gradient(T x, T g) const {
    return Sign{}(x)*g;
  }
};

struct Exp {
  static constexpr Keep keep = Keep::result;
  template <std::floating_point T>
  PLASTIC_HOST_DEVICE T operator()(T x) const {
    return std::exp(x);
  }
  template <std::floating_point T>
  PLASTIC_HOST_DEVICE T gradient(T y, T g) const {
    return y * g;
  }
};

struct Log {
  static constexpr Keep keep = Keep::argument;
  static constexpr double low = 0.5, high = 3;
  template <std::floating_point T>
  PLASTIC_HOST_DEVICE T operator()(T x) const {
    return std::log(x);
  }
  template <std::floating_point T>
  PLASTIC_HOST_DEVICE T gradient(T x, T g) const {
    return g / x;
  }
};

struct Sqrt {
  static constexpr Keep keep = Keep::result;
  static constexpr double low = 0.5, high = 3;
  template <std::floating_point T>
  PLASTIC_HOST_DEVICE T operator()(T x) const {
    return std::sqrt(x);
  }
  template <std::floating_point T>
  PLASTIC_HOST_DEVICE T gradient(T y, T g) const {
    return g / (T{2} * y);
  }
};

struct Rsqrt {
  static constexpr Keep keep = Keep::result;
  static constexpr double low = 0.5, high = 3;
  template <std::floating_point T>
  PLASTIC_HOST_DEVICE T operator()(T x) const {
    return T{1} / std::sqrt(x);
  }
  template <std::floating_point T>
  PLASTIC_HOST_DEVICE T gradient(T y, T g) const {
    return T{-0.5} * y * y * y * g;
  }
};

struct Sin {
  static constexpr Keep keep = Keep::argument;
  template <std::floating_point T>
  PLASTIC_HOST_DEVICE T operator()(T x) const {
    return std::sin(x);
  }
  template <std::floating_point T>
  PLASTIC_HOST_DEVICE T gradient(T x, T g) const {
    return std::cos(x) * g;
  }
};

struct Cos {
  static constexpr Keep keep = Keep::argument;
  template <std::floating_point T>
  PLASTIC_HOST_DEVICE T operator()(T x) const {
    return std::cos(x);
  }
  template <std::floating_point T>
  PLASTIC_HOST_DEVICE T gradient(T x, T g) const {
    return -std::sin(x) * g;
  }
};

struct Tanh {
  static constexpr Keep keep = Keep::result;
  template <std::floating_point T>
  PLASTIC_HOST_DEVICE T operator()(T x) const {
    return std::tanh(x);
  }
  template <std::floating_point T>
  PLASTIC_HOST_DEVICE T gradient(T y, T g) const {
    return (T{1} - y * y) * g;
  }
};

/// Neither branch overflows.
struct Sigmoid {
  static constexpr Keep keep = Keep::result;
  static constexpr double low = -4, high = 4;
  template <std::floating_point T>
  PLASTIC_HOST_DEVICE T operator()(T x) const {
    if (x >= T{0}) return T{1} / (T{1} + std::exp(-x));
    const T e = std::exp(x);
    return e / (T{1} + e);
  }
  template <std::floating_point T>
  PLASTIC_HOST_DEVICE T gradient(T y, T g) const {
    return y * (T{1} - y) * g;
  }
};

/// The normal distribution's Φ(x). Far below 0 it is the small difference of 1 and nearly 1.
template <std::floating_point T>
PLASTIC_HOST_DEVICE T normal_cumulative(T x) {
  const T argument = x * static_cast<T>(0.70710678118654752440);
  return T{0.5} * (x < T{-1} ? std::erfc(-argument) : T{1} + std::erf(argument));
}

/// x·Φ(x) with the error function, PyTorch's default (Hendrycks and Gimpel, arXiv 1606.08415).
struct Gelu {
  static constexpr Keep keep = Keep::argument;
  static constexpr double low = -3, high = 3;
  template <std::floating_point T>
  PLASTIC_HOST_DEVICE T operator()(T x) const {
    return x * normal_cumulative(x);
  }
  /// Φ(x) + x·φ(x)
  template <std::floating_point T>
  PLASTIC_HOST_DEVICE T gradient(T x, T g) const {
    const T density = static_cast<T>(0.39894228040143267794) * std::exp(T{-0.5} * x * x);
    return (normal_cumulative(x) + x * density) * g;
  }
};

/// x·sigmoid(x) (Elfwing et al., arXiv 1702.03118).
struct Silu {
  static constexpr Keep keep = Keep::argument;
  static constexpr double low = -3, high = 3;
  template <std::floating_point T>
  PLASTIC_HOST_DEVICE T operator()(T x) const {
    return x * Sigmoid{}(x);
  }
  template <std::floating_point T>
  PLASTIC_HOST_DEVICE T gradient(T x, T g) const {
    const T s = Sigmoid{}(x);
    return s * (T{1} + x * (T{1} - s)) * g;
  }
};

/// log(1 + eˣ) without overflow.
struct Softplus {
  static constexpr Keep keep = Keep::argument;
  static constexpr double low = -3, high = 3;
  template <std::floating_point T>
  PLASTIC_HOST_DEVICE T operator()(T x) const {
    return (x > T{0} ? x : T{0}) + std::log1p(std::exp(x > T{0} ? -x : x));
  }
  template <std::floating_point T>
  PLASTIC_HOST_DEVICE T gradient(T x, T g) const {
    return Sigmoid{}(x)*g;
  }
};

/// Written so that NaN passes through.
struct Relu {
  static constexpr Keep keep = Keep::result;
  static constexpr double low = 0.1, high = 2;
  template <std::floating_point T>
  PLASTIC_HOST_DEVICE T operator()(T x) const {
    return x < T{0} ? T{0} : x;
  }
  /// NaN passes the gradient on, as in PyTorch.
  template <std::floating_point T>
  PLASTIC_HOST_DEVICE T gradient(T y, T g) const {
    return y <= T{0} ? T{0} : g;
  }
};

/// x above 0, else slope·x, which makes 0 with a negative slope -0, as in PyTorch.
struct LeakyRelu {
  static constexpr Keep keep = Keep::argument;
  UnaryParameters p;
  template <std::floating_point T>
  PLASTIC_HOST_DEVICE T operator()(T x) const {
    return x > T{0} ? x : static_cast<T>(p.first) * x;
  }
  template <std::floating_point T>
  PLASTIC_HOST_DEVICE T gradient(T x, T g) const {
    return x > T{0} ? g : static_cast<T>(p.first) * g;
  }
};

/// NaN passes through. The limits are numbers of the dtype.
struct Clamp {
  static constexpr Keep keep = Keep::argument;
  UnaryParameters p;
  template <std::floating_point T>
  PLASTIC_HOST_DEVICE T operator()(T x) const {
    const T low = static_cast<T>(p.first);
    const T high = static_cast<T>(p.second);
    const T raised = x < low ? low : x;
    return raised > high ? high : raised;
  }
  /// Neither the ends of the range nor NaN pass the gradient on, as in PyTorch 2.15.
  template <std::floating_point T>
  PLASTIC_HOST_DEVICE T gradient(T x, T g) const {
    return x > static_cast<T>(p.first) && x < static_cast<T>(p.second) ? g : T{0};
  }
};

/// The roots of -0 and -inf are those of sqrt and rsqrt, as in PyTorch.
struct Pow {
  static constexpr Keep keep = Keep::argument;
  UnaryParameters p;
  template <std::floating_point T>
  PLASTIC_HOST_DEVICE T operator()(T x) const {
    if (p.first == 2) return x * x;
    if (p.first == 0.5) return Sqrt{}(x);
    if (p.first == -0.5) return Rsqrt{}(x);
    const T exponent = static_cast<T>(p.first);
    if constexpr (std::is_same_v<T, float>) {
      // An exponent such as 1/3, rounded to f32, would cost the power of a large x three bits.
      if (static_cast<double>(exponent) != p.first) {
        return static_cast<float>(std::pow(static_cast<double>(x), p.first));
      }
    }
    return std::pow(x, exponent);
  }
  template <std::floating_point T>
  PLASTIC_HOST_DEVICE T gradient(T x, T g) const {
    if (p.first == 0) return T{0};
    if (p.first == 2) return T{2} * x * g;
    return static_cast<T>(p.first) * Pow{{p.first - 1}}(x)*g;
  }
};

/// The gradient of functions that are constant between steps. Their arguments in tests lie between
/// two steps.
struct Steps {
  static constexpr Keep keep = Keep::nothing;
  static constexpr double low = 0.1, high = 0.4;
  template <std::floating_point T>
  PLASTIC_HOST_DEVICE T gradient(T, T) const {
    return T{0};
  }
};
struct Floor : Steps {
  template <class T>
  PLASTIC_HOST_DEVICE T operator()(T x) const {
    if constexpr (std::is_integral_v<T>) {
      return x;
    } else {
      return std::floor(x);
    }
  }
};
struct Ceil : Steps {
  template <class T>
  PLASTIC_HOST_DEVICE T operator()(T x) const {
    if constexpr (std::is_integral_v<T>) {
      return x;
    } else {
      return std::ceil(x);
    }
  }
};
struct Trunc : Steps {
  template <class T>
  PLASTIC_HOST_DEVICE T operator()(T x) const {
    if constexpr (std::is_integral_v<T>) {
      return x;
    } else {
      return std::trunc(x);
    }
  }
};
/// To the nearest whole number; from the middle of two, to the even one.
struct Round : Steps {
  template <class T>
  PLASTIC_HOST_DEVICE T operator()(T x) const {
    if constexpr (std::is_integral_v<T>) {
      return x;
    } else {
      return std::nearbyint(x);
    }
  }
};
/// 2/√π · ∫ exp(-t²) dt from 0 to x.
struct Erf {
  static constexpr Keep keep = Keep::argument;
  template <std::floating_point T>
  PLASTIC_HOST_DEVICE T operator()(T x) const {
    return std::erf(x);
  }
  template <std::floating_point T>
  PLASTIC_HOST_DEVICE T gradient(T x, T g) const {
    return static_cast<T>(1.12837916709551257390) * std::exp(-x * x) * g;
  }
};

}  // namespace rules

/// Functions of a tensor alone: row(function, rule).
// clang-format off
#define PLASTIC_UNARY_FUNCTIONS(row) \
  row(neg, Neg) \
  row(abs, Abs) \
  row(sign, Sign) \
  row(exp, Exp) \
  row(log, Log) \
  row(sqrt, Sqrt) \
  row(rsqrt, Rsqrt) \
  row(sin, Sin) \
  row(cos, Cos) \
  row(tanh, Tanh) \
  row(sigmoid, Sigmoid) \
  row(gelu, Gelu) \
  row(silu, Silu) \
  row(softplus, Softplus) \
  row(relu, Relu) \
  row(floor, Floor) \
  row(ceil, Ceil) \
  row(trunc, Trunc) \
  row(round, Round) \
  row(erf, Erf)
// clang-format on

/// Functions that are called with numbers, too, whose public functions are written by hand.
// clang-format off
#define PLASTIC_UNARY_FUNCTIONS_OF_NUMBERS(row) \
  row(leaky_relu, LeakyRelu) \
  row(clamp, Clamp) \
  row(pow, Pow)
// clang-format on

enum class Unary : std::uint8_t {
#define PLASTIC_ROW(function, Rule) function,
  PLASTIC_UNARY_FUNCTIONS(PLASTIC_ROW) PLASTIC_UNARY_FUNCTIONS_OF_NUMBERS(PLASTIC_ROW)
#undef PLASTIC_ROW
};

namespace rules {

template <class Rule>
concept HasGradient = requires(const Rule rule) {
  rule.gradient(1.0, 1.0);
};

template <class Rule>
concept TakesIntegers = std::invocable<Rule, std::int64_t>;

template <class Rule>
Rule with_parameters(const UnaryParameters& p) {
  if constexpr (requires(Rule rule) { rule.p; }) {
    return Rule{.p = p};
  } else {
    return Rule{};
  }
}

/// The gradient of a rule as a function of what was saved and of the result's gradient.
template <class Rule>
struct GradientOf {
  Rule rule;
  template <std::floating_point T>
  PLASTIC_HOST_DEVICE T operator()(T saved, T g) const {
    return rule.gradient(saved, g);
  }
};

/// Calls f with the rule of `op`.
template <class F>
void with(Unary op, const UnaryParameters& p, F&& f) {
  switch (op) {
#define PLASTIC_ROW(function, Rule) \
  case Unary::function:             \
    return f(with_parameters<Rule>(p));
    PLASTIC_UNARY_FUNCTIONS(PLASTIC_ROW)
    PLASTIC_UNARY_FUNCTIONS_OF_NUMBERS(PLASTIC_ROW)
#undef PLASTIC_ROW
  }
}

/// Calls f with the gradient of `op`, which must have one.
template <class F>
void with_gradient(Unary op, const UnaryParameters& p, F&& f) {
  with(op, p, [&](auto rule) {
    using Rule = decltype(rule);
    if constexpr (HasGradient<Rule>) f(GradientOf<Rule>{rule});
  });
}

}  // namespace rules
}  // namespace plastic
