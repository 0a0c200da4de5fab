#pragma once

#include <cmath>

#include "core/backend.h"
#include "core/host_device.h"

namespace plastic::rules {

// The formulas of elementwise operations, shared by the devices.

struct Neg {
  template <class T>
  PLASTIC_HOST_DEVICE T operator()(T x) const {
    return static_cast<T>(-x);
  }
};
struct Exp {
  template <class T>
  PLASTIC_HOST_DEVICE T operator()(T x) const {
    return std::exp(x);
  }
};
struct Log {
  template <class T>
  PLASTIC_HOST_DEVICE T operator()(T x) const {
    return std::log(x);
  }
};
struct Sqrt {
  template <class T>
  PLASTIC_HOST_DEVICE T operator()(T x) const {
    return std::sqrt(x);
  }
};
struct Relu {
  /// Written so that NaN passes through.
  template <class T>
  PLASTIC_HOST_DEVICE T operator()(T x) const {
    return x < T{0} ? T{0} : x;
  }
};

struct Add {
  template <class T>
  PLASTIC_HOST_DEVICE T operator()(T a, T b) const {
    return static_cast<T>(a + b);
  }
};
struct Sub {
  template <class T>
  PLASTIC_HOST_DEVICE T operator()(T a, T b) const {
    return static_cast<T>(a - b);
  }
};
struct Mul {
  template <class T>
  PLASTIC_HOST_DEVICE T operator()(T a, T b) const {
    return static_cast<T>(a * b);
  }
};
struct Div {
  template <class T>
  PLASTIC_HOST_DEVICE T operator()(T a, T b) const {
    return static_cast<T>(a / b);
  }
};

// Gradients: of the saved tensor (the result y, or the argument x) and the result's gradient g.

struct ExpGrad {
  template <class T>
  PLASTIC_HOST_DEVICE T operator()(T y, T g) const {
    return static_cast<T>(y * g);
  }
};
struct LogGrad {
  template <class T>
  PLASTIC_HOST_DEVICE T operator()(T x, T g) const {
    return static_cast<T>(g / x);
  }
};
struct SqrtGrad {
  template <class T>
  PLASTIC_HOST_DEVICE T operator()(T y, T g) const {
    return static_cast<T>(g / (T{2} * y));
  }
};
struct ReluGrad {
  template <class T>
  PLASTIC_HOST_DEVICE T operator()(T y, T g) const {
    return y > T{0} ? g : T{0};
  }
};

/// Calls f with the formula of `op`.
template <class F>
void with(Unary op, F&& f) {
  switch (op) {
    case Unary::neg:
      return f(Neg{});
    case Unary::exp:
      return f(Exp{});
    case Unary::log:
      return f(Log{});
    case Unary::sqrt:
      return f(Sqrt{});
    case Unary::relu:
      return f(Relu{});
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
    case Binary::exp_grad:
      return f(ExpGrad{});
    case Binary::log_grad:
      return f(LogGrad{});
    case Binary::sqrt_grad:
      return f(SqrtGrad{});
    case Binary::relu_grad:
      return f(ReluGrad{});
  }
}

}  // namespace plastic::rules
