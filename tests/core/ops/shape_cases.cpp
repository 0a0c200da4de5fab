#include <limits>

#include "plastic/core/ops.h"
#include "plastic/core/random.h"
#include "tests/core/ops/op_cases.h"

namespace plastic::test {
namespace {

using Inputs = std::span<const Tensor>;

void add_views(std::vector<OpCase>& cases) {
  const auto add = [&](const char* name, const OpInput& input,
                       const std::function<Tensor(const Tensor&)>& run) {
    cases.push_back({name, {input}, [run](Inputs in) { return run(in[0]); }});
  };
  add("reshape/view", {.shape = {2, 6}}, [](const Tensor& x) { return x.reshape({3, -1}); });
  add("reshape/copy", {.shape = {2, 6}, .layout = Layout::permuted}, [](const Tensor& x) {
    return x.reshape({3, 4});
  });
  add("reshape/split strided", {.shape = {2, 6}, .layout = Layout::strided}, [](const Tensor& x) {
    return x.reshape({2, 2, 3});
  });
  add("reshape/empty", {.shape = {0, 6}}, [](const Tensor& x) { return x.reshape({6, 0}); });
  add("flatten", {.shape = {2, 3, 4}}, [](const Tensor& x) { return x.flatten(1); });
  add("permute", {.shape = {2, 3, 4}}, [](const Tensor& x) { return x.permute({2, 0, 1}); });
  add("transpose", {.shape = {2, 3}}, [](const Tensor& x) { return x.transpose(0, 1) * 2.0; });
  add("slice", {.shape = {5, 4}}, [](const Tensor& x) { return x.slice(0, 1, 5, 2); });
  add("slice/negative", {.shape = {5, 4}}, [](const Tensor& x) { return x.slice(1, -3, -1); });
  add("slice/empty", {.shape = {5, 4}}, [](const Tensor& x) { return x.slice(0, 3, 3); });
  const auto lowest = std::numeric_limits<std::int64_t>::min();
  add("slice/backwards", {.shape = {5, 4}},
      [=](const Tensor& x) { return x.slice(0, -1, lowest, -2); });
  add("slice/backwards of strided", {.shape = {2, 5}, .layout = Layout::strided},
      [](const Tensor& x) { return x.slice(1, 3, 0, -1); });
  add("slice/backwards empty", {.shape = {5, 4}},
      [](const Tensor& x) { return x.slice(0, 1, 3, -1); });
  add("flip", {.shape = {3, 4}}, [](const Tensor& x) { return flip(x, {1}); });
  add("flip/two axes", {.shape = {3, 2, 4}, .layout = Layout::permuted}, [](const Tensor& x) {
    return flip(x, {0, -1});
  });
  add("flip/images", {.shape = {2, 3, 4, 5}, .layout = Layout::channels_last},
      [](const Tensor& x) { return flip(x, {-1}); });
  add("flip/no axes", {.shape = {3}}, [](const Tensor& x) { return flip(x, {}); });
  add("flip/empty", {.shape = {0, 3}}, [](const Tensor& x) { return flip(x, {0, 1}); });
  add("diagonal", {.shape = {3, 4}}, [](const Tensor& x) { return diagonal(x); });
  add("diagonal/outer", {.shape = {3, 2, 3}, .layout = Layout::strided},
      [](const Tensor& x) { return diagonal(x, -1, 0); });
  add("diagonal/empty", {.shape = {0, 3}}, [](const Tensor& x) { return diagonal(x); });
  add("expand", {.shape = {3, 1}}, [](const Tensor& x) { return x.expand({2, 3, 4}); });
  add("expand/scalar", {.shape = {}}, [](const Tensor& x) { return x.expand({2, 2}); });
  add("squeeze", {.shape = {3, 1, 2}, .layout = Layout::permuted},
      [](const Tensor& x) { return x.squeeze(1); });
  add("unsqueeze", {.shape = {3, 2}, .layout = Layout::strided},
      [](const Tensor& x) { return x.unsqueeze(-1); });
  add("clone", {.shape = {3, 2}, .layout = Layout::permuted},
      [](const Tensor& x) { return x.clone(); });
  add("contiguous", {.shape = {3, 2}, .layout = Layout::strided},
      [](const Tensor& x) { return x.contiguous(); });
}

/// On the device of `x`.
Tensor indices(const Tensor& x, std::vector<std::int64_t> values, const Shape& shape) {
  return Tensor::from(std::span<const std::int64_t>(values), shape).to(x.device());
}

void add_joins(std::vector<OpCase>& cases) {
  const auto add = [&](const char* name, const std::vector<OpInput>& inputs,
                       const std::function<Tensor(Inputs)>& run) {
    cases.push_back({name, inputs, run});
  };
  add("concat/rows", {{.shape = {2, 3}}, {.shape = {1, 3}}}, [](Inputs in) { return concat(in); });
  add("concat/columns", {{.shape = {2, 3}, .layout = Layout::permuted}, {.shape = {2, 1}}},
      [](Inputs in) { return concat(in, -1); });
  add("concat/empty", {{.shape = {0, 3}}, {.shape = {2, 3}}}, [](Inputs in) { return concat(in); });
  add("concat/one", {{.shape = {2}}}, [](Inputs in) { return concat(in); });
  add("stack/first", {{.shape = {2, 3}}, {.shape = {2, 3}, .layout = Layout::strided}},
      [](Inputs in) { return stack(in); });
  add("stack/last", {{.shape = {2, 3}}, {.shape = {2, 3}}},
      [](Inputs in) { return stack(in, -1); });
  add("stack/scalars", {{.shape = {}}, {.shape = {}}}, [](Inputs in) { return stack(in); });
  add("split", {{.shape = {5, 2}}}, [](Inputs in) {
    const std::vector<Tensor> parts = split(in[0], 2);
    return concat(std::vector<Tensor>{parts[2], parts[0] * 3.0});
  });
}

void add_indexing(std::vector<OpCase>& cases) {
  const auto add = [&](const char* name, const std::vector<OpInput>& inputs,
                       const std::function<Tensor(Inputs)>& run) {
    cases.push_back({name, inputs, run});
  };
  const auto wide = [](const Tensor& x) { return indices(x, {0, 2, 2, 1, 0, 0}, {3, 2}); };
  add("gather/last", {{.shape = {3, 3}}}, [=](Inputs in) { return gather(in[0], 1, wide(in[0])); });
  add("gather/first", {{.shape = {4, 2}, .layout = Layout::permuted}},
      [=](Inputs in) { return gather(in[0], 0, wide(in[0])); });
  add("gather/strided", {{.shape = {3, 3}, .layout = Layout::strided}}, [=](Inputs in) {
    return gather(in[0], -1, wide(in[0]).transpose(0, 1).contiguous().transpose(0, 1));
  });
  add("gather/empty", {{.shape = {3, 3}}}, [](Inputs in) {
    return gather(in[0], 1, indices(in[0], {}, {3, 0}));
  });
  add("gather/single", {{.shape = {1}}},
      [](Inputs in) { return gather(in[0], 0, indices(in[0], {0}, {1})); });
  add("scatter_add/last", {{.shape = {3, 3}}, {.shape = {3, 2}}},
      [=](Inputs in) { return scatter_add(in[0], 1, wide(in[0]), in[1]); });
  add("scatter_add/first",
      {{.shape = {4, 2}, .layout = Layout::permuted}, {.shape = {3, 2}, .layout = Layout::strided}},
      [=](Inputs in) { return scatter_add(in[0], 0, wide(in[0]), in[1]); });
  add("index_select/rows", {{.shape = {4, 3}}}, [](Inputs in) {
    return index_select(in[0], 0, indices(in[0], {3, 1, 1, 0, 3}, {5}));
  });
  add("index_select/middle", {{.shape = {2, 4, 3}, .layout = Layout::permuted}}, [](Inputs in) {
    return index_select(in[0], 1, indices(in[0], {2, 2}, {2}));
  });
  add("index_select/nothing", {{.shape = {4, 3}}},
      [](Inputs in) { return index_select(in[0], 0, indices(in[0], {}, {0})); });
}

void add_sorted(std::vector<OpCase>& cases) {
  const auto add = [&](const std::string& name, const OpInput& input, std::int64_t axis) {
    cases.push_back({"sort/" + name, {input}, [=](Inputs in) { return sort(in[0], axis).values; }});
    cases.push_back({"sort/descending " + name, {input}, [=](Inputs in) {
                       return sort(in[0], axis, true).values;
                     }});
    if (input.shape.numel() == 0) return;
    cases.push_back(
        {"topk/" + name, {input}, [=](Inputs in) { return topk(in[0], 2, axis).values; }});
    cases.push_back({"topk/smallest " + name, {input}, [=](Inputs in) {
                       return topk(in[0], 1, axis, false).values;
                     }});
  };
  add("last", {.shape = {3, 5}}, -1);
  add("first", {.shape = {5, 3}, .layout = Layout::permuted}, 0);
  add("middle", {.shape = {2, 9, 3}, .layout = Layout::strided}, 1);
  add("long", {.shape = {2, 77}}, 1);
  add("of nothing", {.shape = {3, 0}}, 1);
}

}  // namespace

void add_shape_cases(std::vector<OpCase>& cases) {
  add_views(cases);
  add_joins(cases);
  add_indexing(cases);
  add_sorted(cases);
}

}  // namespace plastic::test
