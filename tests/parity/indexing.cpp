#include <cstdint>
#include <optional>

#include "call.h"

namespace plastic::parity {

void add_indexing(Table& table) {
  enter(table, "gather", {"gather(Tensor, int64, Tensor)"},
        [](Call& c) { return gather(c[0], c.integer("axis"), c[1]); });
  enter(table, "scatter_add", {"scatter_add(Tensor, int64, Tensor, Tensor)"},
        [](Call& c) { return scatter_add(c[0], c.integer("axis"), c[1], c[2]); });
  enter(table, "index_select", {"index_select(Tensor, int64, Tensor)"},
        [](Call& c) { return index_select(c[0], c.integer("axis"), c[1]); });
  enter(table, "embedding", {"embedding(Tensor, Tensor, optional<int64>)"}, [](Call& c) {
    std::optional<std::int64_t> padding_idx;
    if (c.has("padding_idx")) padding_idx = c.integer("padding_idx");
    return embedding(c[0], c[1], padding_idx);
  });

  enter(table, "concat", {"concat(span<Tensor>, int64)", "concat(initializer_list<Tensor>, int64)"},
        [](Call& c) {
          return c.tensors.size() == 2 ? concat({c[0], c[1]}, c.integer("axis"))
                                       : concat(c.tensors, c.integer("axis"));
        });
  enter(table, "stack", {"stack(span<Tensor>, int64)", "stack(initializer_list<Tensor>, int64)"},
        [](Call& c) {
          return c.tensors.size() == 2 ? stack({c[0], c[1]}, c.integer("axis"))
                                       : stack(c.tensors, c.integer("axis"));
        });
  enter_all(table, "split", {"split(Tensor, int64, int64)"},
            [](Call& c) { return split(c[0], c.integer("size"), c.integer("axis")); });

  enter(table, "flip", {"flip(Tensor, Shape)"},
        [](Call& c) { return flip(c[0], c.shape("axes")); });
  enter(table, "one_hot", {"one_hot(Tensor, int64)"},
        [](Call& c) { return one_hot(c[0], c.integer("classes")); });
  enter(table, "diagonal", {"diagonal(Tensor, int64, int64)"},
        [](Call& c) { return diagonal(c[0], c.integer("axis1"), c.integer("axis2")); });
  enter_all(table, "sort", {"sort(Tensor, int64, bool)"}, [](Call& c) {
    const Sorted sorted = sort(c[0], c.integer("axis"), c.flag("descending"));
    return Results{sorted.values, sorted.indices};
  });
  enter_all(table, "topk", {"topk(Tensor, int64, int64, bool)"}, [](Call& c) {
    const Sorted sorted = topk(c[0], c.integer("k"), c.integer("axis"), c.flag("largest"));
    return Results{sorted.values, sorted.indices};
  });

  enter(table, "pad", {"pad(Tensor, span<int64>, Number)"},
        [](Call& c) { return pad(c[0], c.integers("amounts"), c.scalar("value")); });
  enter(table, "pad mode", {"pad(Tensor, span<int64>, PadMode)"}, [](Call& c) {
    return pad(c[0], c.integers("amounts"),
               c.flag("reflect") ? PadMode::reflect : PadMode::replicate);
  });
  enter(table, "pad mode list", {"pad(Tensor, initializer_list<int64>, PadMode)"}, [](Call& c) {
    const auto& amounts = c.integers("amounts");
    return pad(c[0], {amounts.at(0), amounts.at(1)},
               c.flag("reflect") ? PadMode::reflect : PadMode::replicate);
  });
  enter(table, "pad list", {"pad(Tensor, initializer_list<int64>, Number)"}, [](Call& c) {
    const auto& amounts = c.integers("amounts");
    return pad(c[0], {amounts.at(0), amounts.at(1)}, c.scalar("value"));
  });
}

}  // namespace plastic::parity
