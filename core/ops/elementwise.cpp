#include "plastic/core/ops/elementwise.h"

#include "core/backend.h"
#include "core/check.h"
#include "core/graph.h"
#include "core/layout.h"
#include "core/ops/broadcast.h"
#include "core/ops/unary.h"

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

Tensor scale_shift(const char* name, const Tensor& x, double scale, double shift) {
  check_computable(name, x);
  Tensor y = empty_like_layout(x);
  backend(x.device()).scale_shift(array_of(x), scale, shift, array_of(y));
  return y;
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

// d(a/b) = da/b - a/b²·db
Tensor div(const Tensor& a, const Tensor& b) {
  const Tensor y = apply("div", Binary::div, a, b);
  return record("div", y, {a, b},
                [sa = Saved("div", a), sb = Saved("div", b), sy = Saved("div", y)](
                    const Tensor& g, const Inputs& in) -> Gradients {
                  const Tensor scaled = div(g, sb.get());
                  return {in.needs(0) ? sum_to(scaled, sa.shape()) : Tensor(),
                          in.needs(1) ? neg(sum_to(mul(scaled, sy.get()), sb.shape())) : Tensor()};
                });
}

Tensor add(const Tensor& a, double b) {
  return record("add", scale_shift("add", a, 1, b), {a},
                [](const Tensor& g, const Inputs&) -> Gradients { return {g}; });
}

Tensor mul(const Tensor& a, double b) {
  return record("mul", scale_shift("mul", a, b, 0), {a},
                [b](const Tensor& g, const Inputs&) -> Gradients { return {mul(g, b)}; });
}

// A product with 1/b would round twice.
Tensor div(const Tensor& a, double b) {
  check_defined("div", a);
  return div(a, Tensor::full({}, b, {.dtype = a.dtype(), .device = a.device()}));
}

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

Tensor clamp(const Tensor& x, double low, double high) {
  if (!(low <= high)) fail("clamp", "needs low <= high, got ", low, " and ", high);
  return unary("clamp", Unary::clamp, Keep::argument, x, {.first = low, .second = high});
}

Tensor pow(const Tensor& x, double exponent) {
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
