#include "call.h"

namespace plastic::parity {
namespace {

void enter_unary(Table& table, const std::string& name, Tensor (*function)(const Tensor&)) {
  enter(table, name, {name + "(Tensor)"}, [function](Call& c) { return function(c[0]); });
}

void enter_binary(Table& table, const std::string& name,
                  Tensor (*function)(const Tensor&, const Tensor&)) {
  enter(table, name, {name + "(Tensor, Tensor)"},
        [function](Call& c) { return function(c[0], c[1]); });
}

void add_arithmetic(Table& table) {
  enter_binary(table, "add", add);
  enter_binary(table, "sub", sub);
  enter_binary(table, "mul", mul);
  enter_binary(table, "div", div);
  enter_binary(table, "operator+", operator+);
  enter_binary(table, "operator-", operator-);
  enter_binary(table, "operator*", operator*);
  enter_binary(table, "operator/", operator/);

  enter(table, "add number", {"add(Tensor, Number)"},
        [](Call& c) { return add(c[0], c.scalar("b")); });
  enter(table, "sub number", {"sub(Tensor, Number)"},
        [](Call& c) { return sub(c[0], c.scalar("b")); });
  enter(table, "mul number", {"mul(Tensor, Number)"},
        [](Call& c) { return mul(c[0], c.scalar("b")); });
  enter(table, "div number", {"div(Tensor, Number)"},
        [](Call& c) { return div(c[0], c.scalar("b")); });
  enter(table, "operator+ number", {"operator+(Tensor, Number)"},
        [](Call& c) { return c[0] + c.scalar("b"); });
  enter(table, "operator- number", {"operator-(Tensor, Number)"},
        [](Call& c) { return c[0] - c.scalar("b"); });
  enter(table, "operator* number", {"operator*(Tensor, Number)"},
        [](Call& c) { return c[0] * c.scalar("b"); });
  enter(table, "operator/ number", {"operator/(Tensor, Number)"},
        [](Call& c) { return c[0] / c.scalar("b"); });
  enter(table, "number operator*", {"operator*(Number, Tensor)"},
        [](Call& c) { return c.scalar("b") * c[0]; });
  enter(table, "number operator+", {"operator+(Number, Tensor)"},
        [](Call& c) { return c.scalar("b") + c[0]; });
  enter(table, "number operator-", {"operator-(Number, Tensor)"},
        [](Call& c) { return c.scalar("b") - c[0]; });
  enter(table, "number operator/", {"operator/(Number, Tensor)"},
        [](Call& c) { return c.scalar("b") / c[0]; });
  enter(table, "operator- unary", {"operator-(Tensor)"}, [](Call& c) { return -c[0]; });
}

void add_comparisons(Table& table) {
  enter_binary(table, "equal", equal);
  enter_binary(table, "not_equal", not_equal);
  enter_binary(table, "less", less);
  enter_binary(table, "less_equal", less_equal);
  enter_binary(table, "greater", greater);
  enter_binary(table, "greater_equal", greater_equal);
  enter(table, "where", {"where(Tensor, Tensor, Tensor)"},
        [](Call& c) { return where(c[0], c[1], c[2]); });
  enter(table, "masked_fill", {"masked_fill(Tensor, Tensor, Number)"},
        [](Call& c) { return masked_fill(c[0], c[1], c.scalar("value")); });
}

}  // namespace

void add_elementwise(Table& table) {
  add_arithmetic(table);
  add_comparisons(table);
  enter_unary(table, "neg", neg);
  enter_unary(table, "abs", abs);
  enter_unary(table, "sign", sign);
  enter_unary(table, "exp", exp);
  enter_unary(table, "log", log);
  enter_unary(table, "sqrt", sqrt);
  enter_unary(table, "rsqrt", rsqrt);
  enter_unary(table, "sin", sin);
  enter_unary(table, "cos", cos);
  enter_unary(table, "tanh", tanh);
  enter_unary(table, "sigmoid", sigmoid);
  enter_unary(table, "relu", relu);
  enter_unary(table, "gelu", gelu);
  enter_unary(table, "silu", silu);
  enter_unary(table, "softplus", softplus);
  enter(table, "leaky_relu", {"leaky_relu(Tensor, double)"},
        [](Call& c) { return leaky_relu(c[0], c.number("slope")); });
  enter(table, "clamp", {"clamp(Tensor, Number, Number)"},
        [](Call& c) { return clamp(c[0], c.scalar("low"), c.scalar("high")); });
  enter(table, "pow", {"pow(Tensor, double)"},
        [](Call& c) { return pow(c[0], c.number("exponent")); });
}

}  // namespace plastic::parity
