#include "plastic/core/ops/elementwise.h"

#include "core/backend.h"
#include "core/check.h"
#include "core/graph.h"
#include "core/ops/broadcast.h"
#include "core/ops/elementwise_rules.h"

namespace plastic {
namespace {

Tensor apply(Unary op, const Tensor& x) {
  Tensor y = Tensor::empty(x.shape(), {.dtype = x.dtype(), .device = x.device()});
  backend(x.device()).unary(op, array_of(x), array_of(y));
  return y;
}

Tensor apply(const char* name, Binary op, const Tensor& a, const Tensor& b) {
  check_same_kind(name, a, b);
  const Shape shape = broadcast_shapes(name, a.shape(), b.shape());
  Tensor y = Tensor::empty(shape, {.dtype = a.dtype(), .device = a.device()});
  backend(a.device()).binary(op, expanded_array(a, shape), expanded_array(b, shape), array_of(y));
  return y;
}

Tensor scale_shift(const char* name, const Tensor& x, double scale, double shift) {
  check_defined(name, x);
  Tensor y = Tensor::empty(x.shape(), {.dtype = x.dtype(), .device = x.device()});
  backend(x.device()).scale_shift(array_of(x), scale, shift, array_of(y));
  return y;
}

/// A differentiable function whose gradient follows from one saved tensor, the result or the
/// argument.
enum class Keep { result, argument };

Tensor differentiable(const char* name, Unary op, Binary gradient, Keep keep, const Tensor& x) {
  check_defined(name, x);
  if (!is_floating_point(x.dtype())) {
    fail(name, "needs f32 or f64, got ", name_of(x.dtype()), "; convert with .to()");
  }
  const Tensor y = apply(op, x);
  const Saved saved(name, keep == Keep::result ? y : x);
  return record(name, y, {x}, [=](const Tensor& g, const Inputs&) -> Gradients {
    return {apply(name, gradient, saved.get(), g)};
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
  check_defined("neg", x);
  return record("neg", apply(Unary::neg, x), {x},
                [](const Tensor& g, const Inputs&) -> Gradients { return {neg(g)}; });
}

Tensor exp(const Tensor& x) {
  return differentiable("exp", Unary::exp, Binary::exp_grad, Keep::result, x);
}

Tensor log(const Tensor& x) {
  return differentiable("log", Unary::log, Binary::log_grad, Keep::argument, x);
}

Tensor sqrt(const Tensor& x) {
  return differentiable("sqrt", Unary::sqrt, Binary::sqrt_grad, Keep::result, x);
}

Tensor relu(const Tensor& x) {
  return differentiable("relu", Unary::relu, Binary::relu_grad, Keep::result, x);
}

}  // namespace plastic
