#pragma once

#include <cmath>
#include <concepts>
#include <cstdint>
#include <type_traits>

#include "core/device/backend.h"
#include "core/ops/wrapping.h"
#include "plastic/core/host_device.h"

// Elementwise functions of two and three numbers, which all devices compute with. Those for
// floating point only say so in their signature. A function has a row in a list after its family,
// from which the enum and the dispatch of every device follow.
namespace plastic {
namespace rules {

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
      if (std::is_signed_v<T> && b == static_cast<T>(-1)) return static_cast<T>(0U - wrapping(a));
    }
    return static_cast<T>(a / b);
  }
};
/// NaN wins, as in PyTorch.
struct Maximum {
  template <class T>
  PLASTIC_HOST_DEVICE T operator()(T a, T b) const {
    // What is not equal to itself.
    return a > b || a != a ? a : b;
  }
};
struct Minimum {
  template <class T>
  PLASTIC_HOST_DEVICE T operator()(T a, T b) const {
    return a < b || a != a ? a : b;
  }
};
struct Power {
  template <std::floating_point T>
  PLASTIC_HOST_DEVICE T operator()(T a, T b) const {
    return std::pow(a, b);
  }
};
/// The remainder of a / b rounded toward zero: it has the sign of a. As for Div, remainders of
/// integers that do not exist are refused before.
struct Fmod {
  template <class T>
  PLASTIC_HOST_DEVICE T operator()(T a, T b) const {
    if constexpr (std::is_integral_v<T>) {
      // The remainder by -1 is 0, also of the lowest number, whose quotient does not exist.
      if (b == T{0} || (std::is_signed_v<T> && b == static_cast<T>(-1))) return T{0};
      return static_cast<T>(a % b);
    } else {
      return std::fmod(a, b);
    }
  }
};
/// The remainder of a / b rounded down: it has the sign of b, as in Python.
struct Remainder {
  template <class T>
  PLASTIC_HOST_DEVICE T operator()(T a, T b) const {
    const T rest = Fmod{}(a, b);
    return rest != T{0} && is_negative(rest) != is_negative(b) ? static_cast<T>(rest + b) : rest;
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

}  // namespace rules

// clang-format off
#define PLASTIC_BINARY_FUNCTIONS(row) \
  row(add, Add) \
  row(sub, Sub) \
  row(mul, Mul) \
  row(div, Div) \
  row(maximum, Maximum) \
  row(minimum, Minimum) \
  row(pow, Power) \
  row(fmod, Fmod) \
  row(remainder, Remainder)

#define PLASTIC_TERNARY_FUNCTIONS(row) \
  row(add_scaled, AddScaled) \
  row(lerp, Lerp) \
  row(addcmul, AddProduct) \
  row(addcdiv, AddQuotient)

#define PLASTIC_COMPARISONS(row) \
  row(equal, Equal) \
  row(not_equal, NotEqual) \
  row(less, Less) \
  row(less_equal, LessEqual)
// clang-format on

#define PLASTIC_ROW(function, Rule) function,
enum class Binary : std::uint8_t { PLASTIC_BINARY_FUNCTIONS(PLASTIC_ROW) };
enum class Ternary : std::uint8_t { PLASTIC_TERNARY_FUNCTIONS(PLASTIC_ROW) };
enum class Comparison : std::uint8_t { PLASTIC_COMPARISONS(PLASTIC_ROW) };
#undef PLASTIC_ROW

namespace rules {

/// Calls f with the rule of `op`.
template <class F>
void with(Binary op, F&& f) {
  switch (op) {
#define PLASTIC_ROW(function, Rule) \
  case Binary::function:            \
    return f(Rule{});
    PLASTIC_BINARY_FUNCTIONS(PLASTIC_ROW)
#undef PLASTIC_ROW
  }
}

template <class T, class F>
void with(Ternary op, T value, F&& f) {
  switch (op) {
#define PLASTIC_ROW(function, Rule) \
  case Ternary::function:           \
    return f(Rule<T>{value});
    PLASTIC_TERNARY_FUNCTIONS(PLASTIC_ROW)
#undef PLASTIC_ROW
  }
}

template <class F>
void with(Comparison op, F&& f) {
  switch (op) {
#define PLASTIC_ROW(function, Rule) \
  case Comparison::function:        \
    return f(Rule{});
    PLASTIC_COMPARISONS(PLASTIC_ROW)
#undef PLASTIC_ROW
  }
}

}  // namespace rules
}  // namespace plastic
