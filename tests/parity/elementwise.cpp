#include "call.h"
#include "core/ops/unary_rules.h"

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

void enter_with_number(Table& table, const std::string& name,
                       Tensor (*function)(const Tensor&, Number)) {
  enter(table, name + " number", {name + "(Tensor, Number)"},
        [function](Call& c) { return function(c[0], c.scalar("b")); });
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
#define PLASTIC_ROW(function)               \
  enter_binary(table, #function, function); \
  enter_with_number(table, #function, function);
  PLASTIC_ROW(equal)
  PLASTIC_ROW(not_equal)
  PLASTIC_ROW(less)
  PLASTIC_ROW(less_equal)
  PLASTIC_ROW(greater)
  PLASTIC_ROW(greater_equal)
#undef PLASTIC_ROW
#define PLASTIC_ROW(sign)                                                         \
  enter(table, "operator" #sign, {"operator" #sign "(Tensor, Tensor)"},           \
        [](Call& c) { return c[0] sign c[1]; });                                  \
  enter(table, "operator" #sign " number", {"operator" #sign "(Tensor, Number)"}, \
        [](Call& c) { return c[0] sign c.scalar("b"); });                         \
  enter(table, "number operator" #sign, {"operator" #sign "(Number, Tensor)"},    \
        [](Call& c) { return c.scalar("b") sign c[0]; });
  PLASTIC_ROW(<)
  PLASTIC_ROW(<=)
  PLASTIC_ROW(>)
  PLASTIC_ROW(>=)
#undef PLASTIC_ROW
  enter(table, "where", {"where(Tensor, Tensor, Tensor)"},
        [](Call& c) { return where(c[0], c[1], c[2]); });
  enter(table, "masked_fill", {"masked_fill(Tensor, Tensor, Number)"},
        [](Call& c) { return masked_fill(c[0], c[1], c.scalar("value")); });
}

void add_pairs(Table& table) {
  enter_binary(table, "maximum", maximum);
  enter_binary(table, "minimum", minimum);
  enter_binary(table, "fmod", fmod);
  enter_binary(table, "remainder", remainder);
  enter_with_number(table, "fmod", fmod);
  enter_with_number(table, "remainder", remainder);
  enter(table, "pow tensor", {"pow(Tensor, Tensor)"}, [](Call& c) { return pow(c[0], c[1]); });
  enter_unary(table, "isnan", isnan);
  enter_unary(table, "isinf", isinf);
  enter_unary(table, "isfinite", isfinite);
}

}  // namespace

void add_elementwise(Table& table) {
  add_arithmetic(table);
  add_comparisons(table);
  add_pairs(table);
#define PLASTIC_ROW(function, Rule) enter_unary(table, #function, function);
  PLASTIC_UNARY_FUNCTIONS(PLASTIC_ROW)
#undef PLASTIC_ROW
  enter(table, "leaky_relu", {"leaky_relu(Tensor, double)"},
        [](Call& c) { return leaky_relu(c[0], c.number("slope")); });
  enter(table, "clamp", {"clamp(Tensor, Number, Number)"},
        [](Call& c) { return clamp(c[0], c.scalar("low"), c.scalar("high")); });
  enter(table, "pow", {"pow(Tensor, double)"},
        [](Call& c) { return pow(c[0], c.number("exponent")); });
}

}  // namespace plastic::parity
