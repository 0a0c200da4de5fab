#include "call.h"

namespace plastic::parity {

void add_views(Table& table) {
  enter(table, "Tensor::reshape", {"Tensor::reshape(Shape)"},
        [](Call& c) { return c[0].reshape(c.shape("shape")); });
  enter(table, "Tensor::flatten", {"Tensor::flatten(int64, int64)"},
        [](Call& c) { return c[0].flatten(c.integer("first"), c.integer("last")); });
  enter(table, "Tensor::transpose", {"Tensor::transpose(int64, int64)"},
        [](Call& c) { return c[0].transpose(c.integer("axis0"), c.integer("axis1")); });
  enter(table, "Tensor::permute", {"Tensor::permute(Shape)"},
        [](Call& c) { return c[0].permute(c.shape("axes")); });
  enter(table, "Tensor::slice", {"Tensor::slice(int64, int64, int64, int64)"}, [](Call& c) {
    return c[0].slice(c.integer("axis"), c.integer("start"), c.integer("end"), c.integer("step"));
  });
  enter(table, "Tensor::expand", {"Tensor::expand(Shape)"},
        [](Call& c) { return c[0].expand(c.shape("shape")); });
  enter(table, "Tensor::squeeze", {"Tensor::squeeze(int64)"},
        [](Call& c) { return c[0].squeeze(c.integer("axis")); });
  enter(table, "Tensor::unsqueeze", {"Tensor::unsqueeze(int64)"},
        [](Call& c) { return c[0].unsqueeze(c.integer("axis")); });
}

}  // namespace plastic::parity
