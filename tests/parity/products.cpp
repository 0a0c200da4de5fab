#include "call.h"

namespace plastic::parity {

void add_products(Table& table) {
  enter(table, "matmul", {"matmul(Tensor, Tensor)"}, [](Call& c) { return matmul(c[0], c[1]); });
  enter(table, "linear", {"linear(Tensor, Tensor, Tensor)"},
        [](Call& c) { return linear(c[0], c[1], c[2]); });
  enter(table, "linear_relu_dropout",
        {"linear_relu_dropout(Tensor, Tensor, Tensor, double, Generator)"}, [](Call& c) {
          Generator generator{.seed = static_cast<std::uint64_t>(c.integer("seed"))};
          return linear_relu_dropout(c[0], c[1], c[2], c.number("p"), generator);
        });
  enter(table, "einsum", {"einsum(string_view, span<Tensor>)"},
        [](Call& c) { return einsum(c.text("equation"), c.tensors); });
}

}  // namespace plastic::parity
