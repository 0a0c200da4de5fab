#include "plastic/core/ops.h"
#include "plastic/core/random.h"
#include "tests/core/ops/op_cases.h"

namespace plastic::test {
namespace {

using Inputs = std::span<const Tensor>;

void add_reductions(std::vector<OpCase>& cases) {
  const auto add = [&](const std::string& name, const OpInput& input, const Shape& axes,
                       bool keepdim) {
    cases.push_back({"sum/" + name, {input}, [=](Inputs in) { return sum(in[0], axes, keepdim); }});
    cases.push_back(
        {"mean/" + name, {input}, [=](Inputs in) { return mean(in[0], axes, keepdim); }});
    cases.push_back(
        {"norm/" + name, {input}, [=](Inputs in) { return norm(in[0], axes, keepdim); }});
    cases.push_back(
        {"logsumexp/" + name, {input}, [=](Inputs in) { return logsumexp(in[0], axes, keepdim); }});
    cases.push_back(
        {"prod/" + name, {input}, [=](Inputs in) { return prod(in[0], axes, keepdim); }});
    if (input.shape.numel() > 0) {
      cases.push_back(
          {"max/" + name, {input}, [=](Inputs in) { return max(in[0], axes, keepdim); }});
      cases.push_back(
          {"min/" + name, {input}, [=](Inputs in) { return min(in[0], axes, keepdim); }});
      cases.push_back(
          {"var/" + name, {input}, [=](Inputs in) { return var(in[0], axes, keepdim, 0.5); }});
    }
  };
  add("all", {.shape = {3, 4}}, {}, false);
  add("all long", {.shape = {3, 70}}, {}, false);
  add("all permuted", {.shape = {3, 4, 2}, .layout = Layout::permuted}, {}, false);
  add("first", {.shape = {3, 4}}, {0}, false);
  add("last", {.shape = {3, 4}}, {-1}, true);
  add("middle", {.shape = {2, 3, 4}}, {1}, false);
  add("outer and inner", {.shape = {2, 3, 4}}, {0, 2}, true);
  add("strided", {.shape = {3, 5}, .layout = Layout::strided}, {1}, false);
  add("strided first", {.shape = {3, 5}, .layout = Layout::strided}, {0}, false);
  add("scalar", {.shape = {}}, {}, false);
  add("kept empty", {.shape = {0, 3}}, {1}, false);
  cases.push_back(
      {"sum/of nothing", {{.shape = {0, 3}}}, [](Inputs in) { return sum(in[0], {0}); }});
}

void add_cumulative_sums(std::vector<OpCase>& cases) {
  const auto add = [&](const std::string& name, const OpInput& input, std::int64_t axis) {
    cases.push_back({"cumsum/" + name, {input}, [=](Inputs in) { return cumsum(in[0], axis); }});
  };
  add("last", {.shape = {3, 4}}, -1);
  add("first", {.shape = {4, 70}}, 0);
  add("middle", {.shape = {2, 3, 4}, .layout = Layout::permuted}, 1);
  add("strided", {.shape = {3, 5}, .layout = Layout::strided}, 1);
  // Longer than what one block of a device sums at a time.
  add("long", {.shape = {300}}, 0);
  add("empty", {.shape = {3, 0}}, 1);
}

void add_products(std::vector<OpCase>& cases) {
  const auto add = [&](const std::string& name, const OpInput& a, const OpInput& b) {
    cases.push_back({"matmul/" + name, {a, b}, [](Inputs in) { return matmul(in[0], in[1]); }});
  };
  const auto transposed = Layout::permuted;
  add("dense", {.shape = {3, 4}}, {.shape = {4, 2}});
  add("left transposed", {.shape = {3, 4}, .layout = transposed}, {.shape = {4, 2}});
  add("right transposed", {.shape = {3, 4}}, {.shape = {4, 2}, .layout = transposed});
  add("both transposed", {.shape = {3, 4}, .layout = transposed},
      {.shape = {4, 2}, .layout = transposed});
  add("strided", {.shape = {3, 4}, .layout = Layout::strided}, {.shape = {4, 2}});
  add("row by column", {.shape = {1, 5}}, {.shape = {5, 1}});
  add("single", {.shape = {1, 1}}, {.shape = {1, 1}});
  add("no rows", {.shape = {0, 4}}, {.shape = {4, 2}});
  add("inner empty", {.shape = {3, 0}}, {.shape = {0, 2}});
  add("several threads", {.shape = {33, 40}, .low = -1, .high = 1}, {.shape = {40, 35}});
  cases.push_back(
      {"matmul/same tensor", {{.shape = {3, 3}}}, [](Inputs in) { return matmul(in[0], in[0]); }});

  add("batches", {.shape = {2, 3, 4}}, {.shape = {2, 4, 2}});
  add("batches broadcast", {.shape = {2, 1, 3, 4}}, {.shape = {3, 4, 2}});
  add("matrix by batches", {.shape = {3, 4}}, {.shape = {2, 4, 2}, .layout = transposed});
  add("no batches", {.shape = {0, 3, 4}}, {.shape = {4, 2}});

  const auto add_einsum = [&](const char* equation, const std::vector<OpInput>& inputs) {
    cases.push_back({std::string("einsum/") + equation, inputs,
                     [equation](Inputs in) { return einsum(equation, in); }});
  };
  add_einsum("ij->ji", {{.shape = {2, 3}}});
  add_einsum("ii->i", {{.shape = {3, 3}}});
  add_einsum("ii", {{.shape = {3, 3}, .layout = Layout::permuted}});
  add_einsum("iji->ji", {{.shape = {3, 2, 3}, .layout = Layout::strided}});
  add_einsum("ii,ij->j", {{.shape = {3, 3}}, {.shape = {3, 4}}});
  add_einsum("...ij->...ji", {{.shape = {2, 3, 4}}});
  add_einsum("i...", {{.shape = {2, 3}}});
  add_einsum("...ij,...jk->...ik", {{.shape = {2, 1, 3, 4}}, {.shape = {5, 4, 2}}});
  add_einsum("...i,i...->i", {{.shape = {2, 3}}, {.shape = {3, 2}}});
  add_einsum("bij->b", {{.shape = {2, 3, 2}}});
  add_einsum("i->", {{.shape = {4}}});
  add_einsum("ij,jk", {{.shape = {2, 3}}, {.shape = {3, 4}}});
  add_einsum("bij,bjk->bik", {{.shape = {2, 3, 4}}, {.shape = {2, 4, 2}}});
  add_einsum("i,j->ij", {{.shape = {3}}, {.shape = {2}}});
  add_einsum("i,i->", {{.shape = {3}}, {.shape = {3}}});
  add_einsum("bhqd,bhkd->bhqk", {{.shape = {2, 2, 3, 4}}, {.shape = {2, 2, 2, 4}}});
  add_einsum("ijk,jl->li", {{.shape = {2, 3, 2}, .layout = transposed}, {.shape = {3, 2}}});
  add_einsum("ij,ij->i", {{.shape = {2, 3}}, {.shape = {2, 3}}});

  const auto add_linear = [&](const std::string& name, const OpInput& x, const OpInput& weight,
                              const OpInput& bias) {
    cases.push_back({"linear/" + name, {x, weight, bias}, [](Inputs in) {
                       return linear(in[0], in[1], in[2]);
                     }});
  };
  add_linear("dense", {.shape = {3, 4}}, {.shape = {2, 4}}, {.shape = {2}});
  add_linear("batch axes", {.shape = {2, 3, 4}}, {.shape = {5, 4}}, {.shape = {5}});
  add_linear("vector", {.shape = {4}}, {.shape = {2, 4}}, {.shape = {2}});
  add_linear("strided", {.shape = {3, 4}, .layout = Layout::strided},
             {.shape = {2, 4}, .layout = transposed}, {.shape = {2}, .layout = Layout::strided});
  add_linear("empty batch", {.shape = {0, 4}}, {.shape = {2, 4}}, {.shape = {2}});
  add_linear("single", {.shape = {1, 1}}, {.shape = {1, 1}}, {.shape = {1}});
  cases.push_back({"linear/no bias", {{.shape = {3, 4}}, {.shape = {2, 4}}}, [](Inputs in) {
                     return linear(in[0], in[1]);
                   }});
  const auto add_fused = [&](const std::string& name, const OpInput& x, double p) {
    const OpInput weight{.shape = {70, x.shape.back()}};
    cases.push_back({"linear_relu_dropout/" + name, {x, weight, {.shape = {70}}}, [p](Inputs in) {
                       Generator generator{.seed = 3};
                       return linear_relu_dropout(in[0], in[1], in[2], p, generator);
                     }});
  };
  add_fused("relu alone", {.shape = {5, 3}}, 0);
  add_fused("dropped", {.shape = {17, 3}}, 0.4);
  add_fused("strided", {.shape = {5, 3}, .layout = Layout::strided}, 0.4);
  add_fused("batch axes", {.shape = {2, 3, 3}}, 0.4);
  add_fused("empty batch", {.shape = {0, 3}}, 0.4);
}

void add_losses(std::vector<OpCase>& cases) {
  const auto add = [&](const std::string& name, const OpInput& logits,
                       const std::vector<std::int64_t>& targets) {
    const Tensor labels = Tensor::from(std::span<const std::int64_t>(targets),
                                       {static_cast<std::int64_t>(targets.size())});
    cases.push_back({"cross_entropy/" + name, {logits}, [labels](Inputs in) {
                       return cross_entropy(in[0], labels.to(in[0].device()));
                     }});
  };
  add("dense", {.shape = {3, 4}}, {0, 3, 1});
  add("permuted", {.shape = {3, 4}, .layout = Layout::permuted}, {2, 2, 1});
  add("strided", {.shape = {2, 3}, .layout = Layout::strided}, {0, 2});
  add("one class", {.shape = {2, 1}}, {0, 0});
  add("single row", {.shape = {1, 5}}, {4});
}

}  // namespace

void add_sum_cases(std::vector<OpCase>& cases) {
  add_reductions(cases);
  add_cumulative_sums(cases);
  add_products(cases);
  add_losses(cases);
}

}  // namespace plastic::test
