#pragma once

#include <cmath>
#include <concepts>

#include "core/ops/elementwise_rules.h"

namespace plastic::rules {

// Gradients: of the saved tensor (the result y, or the argument x) and the result's gradient g.

struct AbsGrad {
  template <std::floating_point T>
  PLASTIC_HOST_DEVICE T operator()(T x, T g) const {
    return Sign{}(x)*g;
  }
};
struct ExpGrad {
  template <std::floating_point T>
  PLASTIC_HOST_DEVICE T operator()(T y, T g) const {
    return y * g;
  }
};
struct LogGrad {
  template <std::floating_point T>
  PLASTIC_HOST_DEVICE T operator()(T x, T g) const {
    return g / x;
  }
};
struct SqrtGrad {
  template <std::floating_point T>
  PLASTIC_HOST_DEVICE T operator()(T y, T g) const {
    return g / (T{2} * y);
  }
};
struct RsqrtGrad {
  template <std::floating_point T>
  PLASTIC_HOST_DEVICE T operator()(T y, T g) const {
    return T{-0.5} * y * y * y * g;
  }
};
struct SinGrad {
  template <std::floating_point T>
  PLASTIC_HOST_DEVICE T operator()(T x, T g) const {
    return std::cos(x) * g;
  }
};
struct CosGrad {
  template <std::floating_point T>
  PLASTIC_HOST_DEVICE T operator()(T x, T g) const {
    return -std::sin(x) * g;
  }
};
struct TanhGrad {
  template <std::floating_point T>
  PLASTIC_HOST_DEVICE T operator()(T y, T g) const {
    return (T{1} - y * y) * g;
  }
};
struct SigmoidGrad {
  template <std::floating_point T>
  PLASTIC_HOST_DEVICE T operator()(T y, T g) const {
    return y * (T{1} - y) * g;
  }
};
/// Φ(x) + x·φ(x)
struct GeluGrad {
  template <std::floating_point T>
  PLASTIC_HOST_DEVICE T operator()(T x, T g) const {
    const T density = static_cast<T>(0.39894228040143267794) * std::exp(T{-0.5} * x * x);
    return (normal_cumulative(x) + x * density) * g;
  }
};
struct SiluGrad {
  template <std::floating_point T>
  PLASTIC_HOST_DEVICE T operator()(T x, T g) const {
    const T s = Sigmoid{}(x);
    return s * (T{1} + x * (T{1} - s)) * g;
  }
};
struct SoftplusGrad {
  template <std::floating_point T>
  PLASTIC_HOST_DEVICE T operator()(T x, T g) const {
    return Sigmoid{}(x)*g;
  }
};
/// NaN passes the gradient on, as in PyTorch.
struct ReluGrad {
  template <std::floating_point T>
  PLASTIC_HOST_DEVICE T operator()(T y, T g) const {
    return y <= T{0} ? T{0} : g;
  }
};
struct LeakyReluGrad {
  UnaryParameters p;
  template <std::floating_point T>
  PLASTIC_HOST_DEVICE T operator()(T x, T g) const {
    return x > T{0} ? g : static_cast<T>(p.first) * g;
  }
};
/// Neither the ends of the range nor NaN pass the gradient on, as in PyTorch 2.15.
struct ClampGrad {
  UnaryParameters p;
  template <std::floating_point T>
  PLASTIC_HOST_DEVICE T operator()(T x, T g) const {
    return x > static_cast<T>(p.first) && x < static_cast<T>(p.second) ? g : T{0};
  }
};
struct PowGrad {
  UnaryParameters p;
  template <std::floating_point T>
  PLASTIC_HOST_DEVICE T operator()(T x, T g) const {
    if (p.first == 0) return T{0};
    if (p.first == 2) return T{2} * x * g;
    return static_cast<T>(p.first) * Pow{{p.first - 1}}(x)*g;
  }
};

/// Calls f with the formula of the gradient of `op`. neg and sign have none here.
template <class F>
void with_gradient(Unary op, const UnaryParameters& p, F&& f) {
  switch (op) {
    case Unary::abs:
      return f(AbsGrad{});
    case Unary::exp:
      return f(ExpGrad{});
    case Unary::log:
      return f(LogGrad{});
    case Unary::sqrt:
      return f(SqrtGrad{});
    case Unary::rsqrt:
      return f(RsqrtGrad{});
    case Unary::sin:
      return f(SinGrad{});
    case Unary::cos:
      return f(CosGrad{});
    case Unary::tanh:
      return f(TanhGrad{});
    case Unary::sigmoid:
      return f(SigmoidGrad{});
    case Unary::gelu:
      return f(GeluGrad{});
    case Unary::silu:
      return f(SiluGrad{});
    case Unary::softplus:
      return f(SoftplusGrad{});
    case Unary::relu:
      return f(ReluGrad{});
    case Unary::leaky_relu:
      return f(LeakyReluGrad{p});
    case Unary::clamp:
      return f(ClampGrad{p});
    case Unary::pow:
      return f(PowGrad{p});
    case Unary::neg:
    case Unary::sign:
      return;
  }
}

}  // namespace plastic::rules
