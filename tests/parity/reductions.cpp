#include "call.h"

namespace plastic::parity {
namespace {

using Reduce = Tensor (*)(const Tensor&, const Shape&, bool);

void enter_reduction(Table& table, const std::string& name, Reduce function) {
  enter(table, name, {name + "(Tensor, Shape, bool)"},
        [function](Call& c) { return function(c[0], c.shape("axes"), c.flag("keepdim")); });
}

}  // namespace

void add_reductions(Table& table) {
  enter_reduction(table, "sum", sum);
  enter_reduction(table, "prod", prod);
  enter(table, "cumsum", {"cumsum(Tensor, int64)"},
        [](Call& c) { return cumsum(c[0], c.integer("axis")); });
  enter_reduction(table, "mean", mean);
  enter_reduction(table, "norm", norm);
  enter_reduction(table, "max", max);
  enter_reduction(table, "min", min);
  enter(table, "var", {"var(Tensor, Shape, bool, double)"}, [](Call& c) {
    return var(c[0], c.shape("axes"), c.flag("keepdim"), c.number("correction"));
  });
  enter(table, "argmax", {"argmax(Tensor, int64)"},
        [](Call& c) { return argmax(c[0], c.integer("axis")); });
  enter(table, "argmin", {"argmin(Tensor, int64)"},
        [](Call& c) { return argmin(c[0], c.integer("axis")); });

  enter_reduction(table, "logsumexp", logsumexp);
  enter(table, "logsumexp axis", {"logsumexp(Tensor, int64, bool)"},
        [](Call& c) { return logsumexp(c[0], c.integer("axis"), c.flag("keepdim")); });
  enter(table, "softmax", {"softmax(Tensor, int64)"},
        [](Call& c) { return softmax(c[0], c.integer("axis")); });
  enter(table, "log_softmax", {"log_softmax(Tensor, int64)"},
        [](Call& c) { return log_softmax(c[0], c.integer("axis")); });
}

}  // namespace plastic::parity
