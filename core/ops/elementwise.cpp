#include "plastic/core/ops/elementwise.h"

#include <cmath>
#include <cstdint>
#include <limits>

#include "core/autograd/graph.h"
#include "core/check.h"
#include "core/device/backend.h"
#include "core/ops/binary_rules.h"
#include "core/ops/broadcast.h"
#include "core/ops/quotients.h"
#include "core/ops/unary.h"
#include "core/tensor/layout.h"
#include "core/tensor/number.h"
#include "plastic/core/ops/compare.h"
#include "plastic/core/ops/reduce.h"

namespace plastic {
namespace {

Tensor apply(const char* name, Binary op, const Tensor& a, const Tensor& b) {
  check_same_kind(name, a, b);
  check_defined(name, a);
  const Shape shape = broadcast_shapes(name, a.shape(), b.shape());
  Tensor y = empty_like_layout(shape, a.dtype(), {a, b});
  backend(a.device()).binary(op, expanded_array(a, shape), expanded_array(b, shape), array_of(y));
  return y;
}

Tensor apply(const char* name, Binary op, const Tensor& x, const Number& number) {
  check_defined(name, x);
  check_number(name, number, x.dtype());
  Tensor y = empty_like_layout(x);
  backend(x.device()).binary_number(op, array_of(x), number, array_of(y));
  return y;
}

/// The larger of two numbers by an order, with PyTorch's gradient: it goes to the larger, half of
/// it to each of two that are equal, and all of it to both where one is not a number.
Tensor choose_larger(const char* name, Binary op,
                     Tensor (*is_smaller)(const Tensor& a, const Tensor& b), const Tensor& a,
                     const Tensor& b) {
  return record(
      name, apply(name, op, a, b), {a, b},
      [sa = Saved(name, a), sb = Saved(name, b), is_smaller](const Tensor& g,
                                                             const Inputs& in) -> Gradients {
        const Tensor& x = sa.get();
        const Tensor& y = sb.get();
        const Tensor shared = where(equal(x, y), mul(g, 0.5), g);
        return {
            in.needs(0) ? sum_to(masked_fill(shared, is_smaller(x, y), 0), x.shape()) : Tensor(),
            in.needs(1) ? sum_to(masked_fill(shared, is_smaller(y, x), 0), y.shape()) : Tensor()};
      });
}

/// a - b·rounded(a / b)
Tensor rest(const char* name, Binary op, Tensor (*rounded)(const Tensor& quotient), const Tensor& a,
            const Tensor& b) {
  check_same_kind(name, a, b);
  if (!is_floating_point(a.dtype())) {
    broadcast_shapes(name, a.shape(), b.shape());
    check_divisors(name, a, b);
  }
  return record(name, apply(name, op, a, b), {a, b},
                [sa = Saved(name, a), sb = Saved(name, b), rounded](const Tensor& g,
                                                                    const Inputs& in) -> Gradients {
                  return {in.needs(0) ? sum_to(g, sa.shape()) : Tensor(),
                          in.needs(1)
                              ? neg(sum_to(mul(g, rounded(div(sa.get(), sb.get()))), sb.shape()))
                              : Tensor()};
                });
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
  check_defined("div", a);
  check_number("div", b, a.dtype());
  if (!is_floating_point(a.dtype())) check_quotients(a, b);
  return record("div", apply("div", Binary::div, a, b), {a},
                [b](const Tensor& g, const Inputs&) -> Gradients { return {div(g, b)}; });
}

Tensor operator-(Number a, const Tensor& b) { return sub(scalar_like("sub", a, b), b); }
Tensor operator/(Number a, const Tensor& b) { return div(scalar_like("div", a, b), b); }

Tensor clamp(const Tensor& x, Number low, Number high) {
  check_defined("clamp", x);
  check_number("clamp", low, x.dtype());
  check_number("clamp", high, x.dtype());
  if (std::isnan(low.real()) || std::isnan(high.real())) {
    fail("clamp", "a limit is not a number: ", to_string(low), " and ", to_string(high));
  }
  if (!is_floating_point(x.dtype())) {
    const Tensor least = Tensor::full({}, low, options_of(x));
    const Tensor most = Tensor::full({}, high, options_of(x));
    const Tensor raised = where(less(x, least), least, x);
    return where(less(most, raised), most, raised);
  }
  // As the dtype rounds them, so that an element can equal a limit.
  return apply(
      unary_function<rules::Clamp>("clamp", Unary::clamp), x,
      {.first = rounded_to(x.dtype(), low.real()), .second = rounded_to(x.dtype(), high.real())});
}

Tensor pow(const Tensor& x, double exponent) {
  check_floating("pow", x);
  check_number("pow", exponent, x.dtype());
  return apply(unary_function<rules::Pow>("pow", Unary::pow), x, {.first = exponent});
}

Tensor maximum(const Tensor& a, const Tensor& b) {
  return choose_larger("maximum", Binary::maximum, less, a, b);
}

Tensor minimum(const Tensor& a, const Tensor& b) {
  return choose_larger("minimum", Binary::minimum, greater, a, b);
}

// d(aᵇ) = b·aᵇ⁻¹·da + aᵇ·ln(a)·db, without what is 0 times infinite: of a where b is 0, and of b
// where a is 0 and b is not negative.
Tensor pow(const Tensor& a, const Tensor& b) {
  check_floating("pow", a);
  const Tensor y = apply("pow", Binary::pow, a, b);
  return record("pow", y, {a, b},
                [sa = Saved("pow", a), sb = Saved("pow", b), sy = Saved("pow", y)](
                    const Tensor& g, const Inputs& in) -> Gradients {
                  const Tensor& base = sa.get();
                  const Tensor& exponent = sb.get();
                  Gradients gradients(2);
                  if (in.needs(0)) {
                    const Tensor slope = mul(exponent, pow(base, sub(exponent, 1)));
                    const Tensor masked = masked_fill(mul(g, slope), equal(exponent, 0), 0);
                    gradients[0] = sum_to(masked, base.shape());
                  }
                  if (in.needs(1)) {
                    const Tensor is_flat = mul(equal(base, 0), greater_equal(exponent, 0));
                    const Tensor slope = masked_fill(mul(sy.get(), log(base)), is_flat, 0);
                    gradients[1] = sum_to(mul(g, slope), exponent.shape());
                  }
                  return gradients;
                });
}

// a - b·trunc(a / b)
Tensor fmod(const Tensor& a, const Tensor& b) { return rest("fmod", Binary::fmod, trunc, a, b); }

// a - b·floor(a / b)
Tensor remainder(const Tensor& a, const Tensor& b) {
  return rest("remainder", Binary::remainder, floor, a, b);
}

Tensor fmod(const Tensor& a, Number b) { return fmod(a, scalar_like("fmod", b, a)); }
Tensor remainder(const Tensor& a, Number b) { return remainder(a, scalar_like("remainder", b, a)); }

Tensor isnan(const Tensor& x) { return not_equal(x, x); }

Tensor isinf(const Tensor& x) {
  check_defined("isinf", x);
  if (!is_floating_point(x.dtype())) return not_equal(x, x);
  return equal(abs(x.detach()), std::numeric_limits<double>::infinity());
}

Tensor isfinite(const Tensor& x) {
  check_defined("isfinite", x);
  if (!is_floating_point(x.dtype())) return equal(x, x);
  return less(abs(x.detach()), std::numeric_limits<double>::infinity());
}

}  // namespace plastic
