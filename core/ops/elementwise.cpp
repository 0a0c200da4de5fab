#include "plastic/core/ops/elementwise.h"

#include <cstdint>

#include "core/autograd/graph.h"
#include "core/check.h"
#include "core/device/backend.h"
#include "core/ops/broadcast.h"
#include "core/ops/quotients.h"
#include "core/ops/unary.h"
#include "core/tensor/layout.h"
#include "core/tensor/number.h"
#include "plastic/core/ops/compare.h"
#include "plastic/core/ops/reduce.h"

namespace plastic {
namespace {

/// A unary function of any dtype, not recorded.
Tensor apply(const char* name, Unary op, const Tensor& x) {
  check_computable(name, x);
  Tensor y = empty_like_layout(x);
  backend(x.device()).unary(op, {}, array_of(x), array_of(y));
  return y;
}

Tensor apply(const char* name, Binary op, const Tensor& a, const Tensor& b) {
  check_same_kind(name, a, b);
  check_computable(name, a);
  const Shape shape = broadcast_shapes(name, a.shape(), b.shape());
  Tensor y = empty_like_layout(shape, a.dtype(), {a, b});
  backend(a.device()).binary(op, expanded_array(a, shape), expanded_array(b, shape), array_of(y));
  return y;
}

Tensor apply(const char* name, Binary op, const Tensor& x, const Number& number) {
  check_computable(name, x);
  check_number(name, number, x.dtype());
  Tensor y = empty_like_layout(x);
  backend(x.device()).binary_number(op, array_of(x), number, array_of(y));
  return y;
}

/// A tensor of one element, for what is computed with it.
Tensor scalar_like(const char* op, const Number& number, const Tensor& x) {
  check_computable(op, x);
  check_number(op, number, x.dtype());
  return Tensor::full({}, number, options_of(x));
}

}  // namespace

// d(a + b) = da + db
Tensor add(const Tensor& a, const Tensor& b) {
  const Tensor y = apply("add", Binary::add, a, b);
  return record(
      "add", y, {a, b},
      [sa = a.shape(), sb = b.shape()](const Tensor& g, const Inputs& in) -> Gradients {
        return {in.needs(0) ? sum_to(g, sa) : Tensor(), in.needs(1) ? sum_to(g, sb) : Tensor()};
      });
}

// d(a - b) = da - db
Tensor sub(const Tensor& a, const Tensor& b) {
  const Tensor y = apply("sub", Binary::sub, a, b);
  return record("sub", y, {a, b},
                [sa = a.shape(), sb = b.shape()](const Tensor& g, const Inputs& in) -> Gradients {
                  return {in.needs(0) ? sum_to(g, sa) : Tensor(),
                          in.needs(1) ? neg(sum_to(g, sb)) : Tensor()};
                });
}

// d(a·b) = b·da + a·db
Tensor mul(const Tensor& a, const Tensor& b) {
  const Tensor y = apply("mul", Binary::mul, a, b);
  return record(
      "mul", y, {a, b},
      [sa = Saved("mul", a), sb = Saved("mul", b)](const Tensor& g, const Inputs& in) -> Gradients {
        return {in.needs(0) ? sum_to(mul(g, sb.get()), sa.shape()) : Tensor(),
                in.needs(1) ? sum_to(mul(g, sa.get()), sb.shape()) : Tensor()};
      });
}

// d(a/b) = da/b - (a/b)/b·db. The quotient of the two comes before the product with the gradient:
// g/b would be infinite for a tiny b, and its product with a quotient of 0 not a number.
Tensor div(const Tensor& a, const Tensor& b) {
  check_same_kind("div", a, b);
  if (!is_floating_point(a.dtype())) {
    broadcast_shapes("div", a.shape(), b.shape());
    check_quotients(a, b);
  }
  const Tensor y = apply("div", Binary::div, a, b);
  return record("div", y, {a, b},
                [sa = a.shape(), sb = Saved("div", b), sy = Saved("div", y)](
                    const Tensor& g, const Inputs& in) -> Gradients {
                  const Tensor& divisor = sb.get();
                  return {in.needs(0) ? sum_to(div(g, divisor), sa) : Tensor(),
                          in.needs(1) ? neg(sum_to(mul(g, div(sy.get(), divisor)), divisor.shape()))
                                      : Tensor()};
                });
}

Tensor add(const Tensor& a, Number b) {
  return record("add", apply("add", Binary::add, a, b), {a},
                [](const Tensor& g, const Inputs&) -> Gradients { return {g}; });
}

Tensor sub(const Tensor& a, Number b) {
  return record("sub", apply("sub", Binary::sub, a, b), {a},
                [](const Tensor& g, const Inputs&) -> Gradients { return {g}; });
}

Tensor mul(const Tensor& a, Number b) {
  return record("mul", apply("mul", Binary::mul, a, b), {a},
                [b](const Tensor& g, const Inputs&) -> Gradients { return {mul(g, b)}; });
}

// A product with 1/b would round twice.
Tensor div(const Tensor& a, Number b) {
  check_computable("div", a);
  check_number("div", b, a.dtype());
  if (!is_floating_point(a.dtype())) check_quotients(a, b);
  return record("div", apply("div", Binary::div, a, b), {a},
                [b](const Tensor& g, const Inputs&) -> Gradients { return {div(g, b)}; });
}

Tensor operator-(Number a, const Tensor& b) { return sub(scalar_like("sub", a, b), b); }
Tensor operator/(Number a, const Tensor& b) { return div(scalar_like("div", a, b), b); }

Tensor neg(const Tensor& x) {
  return record("neg", apply("neg", Unary::neg, x), {x},
                [](const Tensor& g, const Inputs&) -> Gradients { return {neg(g)}; });
}

Tensor sign(const Tensor& x) { return apply("sign", Unary::sign, x.detach()); }

Tensor abs(const Tensor& x) {
  check_defined("abs", x);
  if (!is_floating_point(x.dtype())) return apply("abs", Unary::abs, x);
  return unary("abs", Unary::abs, Keep::argument, x);
}

Tensor clamp(const Tensor& x, Number low, Number high) {
  check_computable("clamp", x);
  check_number("clamp", low, x.dtype());
  check_number("clamp", high, x.dtype());
  // Both fit into x's dtype.
  const auto whole = [](const Number& limit) {
    return limit.is_integer() ? limit.integer() : static_cast<std::int64_t>(limit.real());
  };
  const bool are_whole = !is_floating_point(x.dtype()) || (low.is_integer() && high.is_integer());
  if (are_whole ? whole(low) > whole(high) : !(low.real() <= high.real())) {
    fail("clamp", "needs low <= high, got ", to_string(low), " and ", to_string(high));
  }
  if (!is_floating_point(x.dtype())) {
    const Tensor least = Tensor::full({}, low, options_of(x));
    const Tensor most = Tensor::full({}, high, options_of(x));
    return where(less(x, least), least, where(less(most, x), most, x));
  }
  // As the dtype rounds them, so that an element can equal a limit.
  return unary(
      "clamp", Unary::clamp, Keep::argument, x,
      {.first = rounded_to(x.dtype(), low.real()), .second = rounded_to(x.dtype(), high.real())});
}

Tensor pow(const Tensor& x, double exponent) {
  check_floating("pow", x);
  check_number("pow", exponent, x.dtype());
  return unary("pow", Unary::pow, Keep::argument, x, {.first = exponent});
}

Tensor exp(const Tensor& x) { return unary("exp", Unary::exp, Keep::result, x); }
Tensor log(const Tensor& x) { return unary("log", Unary::log, Keep::argument, x); }
Tensor sqrt(const Tensor& x) { return unary("sqrt", Unary::sqrt, Keep::result, x); }
Tensor rsqrt(const Tensor& x) { return unary("rsqrt", Unary::rsqrt, Keep::result, x); }
Tensor sin(const Tensor& x) { return unary("sin", Unary::sin, Keep::argument, x); }
Tensor cos(const Tensor& x) { return unary("cos", Unary::cos, Keep::argument, x); }
Tensor tanh(const Tensor& x) { return unary("tanh", Unary::tanh, Keep::result, x); }
Tensor sigmoid(const Tensor& x) { return unary("sigmoid", Unary::sigmoid, Keep::result, x); }

}  // namespace plastic
