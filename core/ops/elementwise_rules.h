#pragma once

#include <cmath>
#include <concepts>
#include <type_traits>

#include "core/device/backend.h"
#include "plastic/core/host_device.h"

namespace plastic::rules {

// The formulas of elementwise operations, shared by the devices. A formula of numbers that an
// operation is called with takes them from UnaryParameters. Those that make sense for floating
// point only say so in their signature.

/// Compilers warn of unsigned numbers that are compared with 0.
template <class T>
PLASTIC_HOST_DEVICE bool is_negative(T x) {
  if constexpr (std::is_unsigned_v<T>) {
    return false;
  } else {
    return x < T{0};
  }
}

/// A number to compute with: integers wrap around, which C++ promises of those without a sign.
template <class T>
PLASTIC_HOST_DEVICE auto wrapping(T x) {
  if constexpr (std::is_integral_v<T>) {
    return static_cast<std::make_unsigned_t<T>>(x);
  } else {
    return x;
  }
}

struct Neg {
  template <class T>
  PLASTIC_HOST_DEVICE T operator()(T x) const {
    if constexpr (std::is_integral_v<T>) {
      return static_cast<T>(0U - wrapping(x));
    } else {
      return -x;
    }
  }
};
struct Abs {
  template <class T>
  PLASTIC_HOST_DEVICE T operator()(T x) const {
    if constexpr (std::is_integral_v<T>) {
      return is_negative(x) ? Neg{}(x) : x;
    } else {
      // So for -0, too.
      return std::fabs(x);
    }
  }
};
/// -1, 0 or 1; 0 for NaN, as in PyTorch.
struct Sign {
  template <class T>
  PLASTIC_HOST_DEVICE T operator()(T x) const {
    return static_cast<T>((x > T{0} ? 1 : 0) - (is_negative(x) ? 1 : 0));
  }
};
struct Exp {
  template <std::floating_point T>
  PLASTIC_HOST_DEVICE T operator()(T x) const {
    return std::exp(x);
  }
};
struct Log {
  template <std::floating_point T>
  PLASTIC_HOST_DEVICE T operator()(T x) const {
    return std::log(x);
  }
};
struct Sqrt {
  template <std::floating_point T>
  PLASTIC_HOST_DEVICE T operator()(T x) const {
    return std::sqrt(x);
  }
};
struct Rsqrt {
  template <std::floating_point T>
  PLASTIC_HOST_DEVICE T operator()(T x) const {
    return T{1} / std::sqrt(x);
  }
};
struct Sin {
  template <std::floating_point T>
  PLASTIC_HOST_DEVICE T operator()(T x) const {
    return std::sin(x);
  }
};
struct Cos {
  template <std::floating_point T>
  PLASTIC_HOST_DEVICE T operator()(T x) const {
    return std::cos(x);
  }
};
struct Tanh {
  template <std::floating_point T>
  PLASTIC_HOST_DEVICE T operator()(T x) const {
    return std::tanh(x);
  }
};
/// Neither branch overflows.
struct Sigmoid {
  template <std::floating_point T>
  PLASTIC_HOST_DEVICE T operator()(T x) const {
    if (x >= T{0}) return T{1} / (T{1} + std::exp(-x));
    const T e = std::exp(x);
    return e / (T{1} + e);
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
  template <std::floating_point T>
  PLASTIC_HOST_DEVICE T operator()(T x) const {
    return x * normal_cumulative(x);
  }
};
/// x·sigmoid(x) (Elfwing et al., arXiv 1702.03118).
struct Silu {
  template <std::floating_point T>
  PLASTIC_HOST_DEVICE T operator()(T x) const {
    return x * Sigmoid{}(x);
  }
};
/// log(1 + eˣ) without overflow.
struct Softplus {
  template <std::floating_point T>
  PLASTIC_HOST_DEVICE T operator()(T x) const {
    return (x > T{0} ? x : T{0}) + std::log1p(std::exp(x > T{0} ? -x : x));
  }
};
/// Written so that NaN passes through.
struct Relu {
  template <std::floating_point T>
  PLASTIC_HOST_DEVICE T operator()(T x) const {
    return x < T{0} ? T{0} : x;
  }
};
/// x above 0, else slope·x, which makes 0 with a negative slope -0, as in PyTorch.
struct LeakyRelu {
  UnaryParameters p;
  template <std::floating_point T>
  PLASTIC_HOST_DEVICE T operator()(T x) const {
    return x > T{0} ? x : static_cast<T>(p.first) * x;
  }
};
/// NaN passes through. The limits are numbers of the dtype.
struct Clamp {
  UnaryParameters p;
  template <std::floating_point T>
  PLASTIC_HOST_DEVICE T operator()(T x) const {
    const T low = static_cast<T>(p.first);
    const T high = static_cast<T>(p.second);
    return x < low ? low : (x > high ? high : x);
  }
};
/// The roots of -0 and -inf are those of sqrt and rsqrt, as in PyTorch.
struct Pow {
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
};

struct Add {
  template <class T>
  PLASTIC_HOST_DEVICE T operator()(T a, T b) const {
    return static_cast<T>(wrapping(a) + wrapping(b));
  }
};
struct Sub {
  template <class T>
  PLASTIC_HOST_DEVICE T operator()(T a, T b) const {
    return static_cast<T>(wrapping(a) - wrapping(b));
  }
};
struct Mul {
  template <class T>
  PLASTIC_HOST_DEVICE T operator()(T a, T b) const {
    return static_cast<T>(wrapping(a) * wrapping(b));
  }
};
/// Integer quotients that do not exist are refused before (core/ops/elementwise.cpp), but must not
/// end the process.
struct Div {
  template <class T>
  PLASTIC_HOST_DEVICE T operator()(T a, T b) const {
    if constexpr (std::is_integral_v<T>) {
      if (b == T{0}) return T{0};
      if (std::is_signed_v<T> && b == static_cast<T>(-1)) return Neg{}(a);
    }
    return static_cast<T>(a / b);
  }
};

// Functions of three numbers and a fourth that is the same for all elements, for Backend::ternary.

template <std::floating_point T>
struct AddScaled {
  T value;
  PLASTIC_HOST_DEVICE T operator()(T a, T b, T) const { return a + value * b; }
};
/// From the nearer end, as in PyTorch: a weight of 1 gives b.
template <std::floating_point T>
struct Lerp {
  T value;
  PLASTIC_HOST_DEVICE T operator()(T a, T b, T) const {
    return value < T{0.5} ? a + value * (b - a) : b - (b - a) * (T{1} - value);
  }
};
template <std::floating_point T>
struct AddProduct {
  T value;
  PLASTIC_HOST_DEVICE T operator()(T a, T b, T c) const { return a + value * b * c; }
};
template <std::floating_point T>
struct AddQuotient {
  T value;
  PLASTIC_HOST_DEVICE T operator()(T a, T b, T c) const { return a + value * b / c; }
};

// Comparisons, for Backend::compare.

struct Equal {
  template <class T>
  PLASTIC_HOST_DEVICE bool operator()(T a, T b) const {
    return a == b;
  }
};
struct NotEqual {
  template <class T>
  PLASTIC_HOST_DEVICE bool operator()(T a, T b) const {
    return a != b;
  }
};
struct Less {
  template <class T>
  PLASTIC_HOST_DEVICE bool operator()(T a, T b) const {
    return a < b;
  }
};
struct LessEqual {
  template <class T>
  PLASTIC_HOST_DEVICE bool operator()(T a, T b) const {
    return a <= b;
  }
};

/// Calls f with the formula of `op`.
template <class F>
void with(Unary op, const UnaryParameters& p, F&& f) {
  switch (op) {
    case Unary::neg:
      return f(Neg{});
    case Unary::abs:
      return f(Abs{});
    case Unary::sign:
      return f(Sign{});
    case Unary::exp:
      return f(Exp{});
    case Unary::log:
      return f(Log{});
    case Unary::sqrt:
      return f(Sqrt{});
    case Unary::rsqrt:
      return f(Rsqrt{});
    case Unary::sin:
      return f(Sin{});
    case Unary::cos:
      return f(Cos{});
    case Unary::tanh:
      return f(Tanh{});
    case Unary::sigmoid:
      return f(Sigmoid{});
    case Unary::gelu:
      return f(Gelu{});
    case Unary::silu:
      return f(Silu{});
    case Unary::softplus:
      return f(Softplus{});
    case Unary::relu:
      return f(Relu{});
    case Unary::leaky_relu:
      return f(LeakyRelu{p});
    case Unary::clamp:
      return f(Clamp{p});
    case Unary::pow:
      return f(Pow{p});
  }
}

template <class F>
void with(Binary op, F&& f) {
  switch (op) {
    case Binary::add:
      return f(Add{});
    case Binary::sub:
      return f(Sub{});
    case Binary::mul:
      return f(Mul{});
    case Binary::div:
      return f(Div{});
  }
}

template <class T, class F>
void with(Ternary op, T value, F&& f) {
  switch (op) {
    case Ternary::add_scaled:
      return f(AddScaled<T>{value});
    case Ternary::lerp:
      return f(Lerp<T>{value});
    case Ternary::addcmul:
      return f(AddProduct<T>{value});
    case Ternary::addcdiv:
      return f(AddQuotient<T>{value});
  }
}

template <class F>
void with(Comparison op, F&& f) {
  switch (op) {
    case Comparison::equal:
      return f(Equal{});
    case Comparison::not_equal:
      return f(NotEqual{});
    case Comparison::less:
      return f(Less{});
    case Comparison::less_equal:
      return f(LessEqual{});
  }
}

}  // namespace plastic::rules
