#include "tests/core/ops/op_cases.h"

#include "plastic/core/ops.h"
#include "plastic/core/random.h"

namespace plastic::test {
namespace {

using Inputs = std::span<const Tensor>;

/// Appends `run` on each of the shapes that break kernels: plain, permuted, strided, long enough
/// for several threads, a single element, rank 0 and empty.
void add_unary(std::vector<OpCase>& cases, const std::string& name, double low, double high,
               const std::function<Tensor(const Tensor&)>& run) {
  const auto add = [&](const char* variant, const Shape& shape, Layout layout) {
    cases.push_back({name + "/" + variant, {{shape, low, high, layout}}, [run](Inputs in) {
                       return run(in[0]);
                     }});
  };
  add("dense", {3, 5}, Layout::dense);
  add("permuted", {4, 3, 2}, Layout::permuted);
  add("strided", {3, 7}, Layout::strided);
  add("single", {1}, Layout::dense);
  add("scalar", {}, Layout::dense);
  add("empty", {0, 3}, Layout::dense);
}

void add_binary(std::vector<OpCase>& cases, const std::string& name, double low, double high,
                const std::function<Tensor(const Tensor&, const Tensor&)>& run) {
  const auto add = [&](const char* variant, const OpInput& a, const OpInput& b) {
    cases.push_back({name + "/" + variant, {a, b}, [run](Inputs in) { return run(in[0], in[1]); }});
  };
  const auto input = [&](const Shape& shape, Layout layout = Layout::dense) {
    return OpInput{shape, low, high, layout};
  };
  add("dense", input({3, 4}), input({3, 4}));
  add("rows", input({3, 4}), input({4}));
  add("columns", input({3, 1}), input({3, 4}));
  add("outer", input({3, 1}), input({1, 4}));
  add("ranks", input({2, 1, 3}), input({4, 1}));
  add("scalar", input({}), input({2, 3}));
  add("single", input({1}), input({1}));
  add("permuted", input({3, 4}, Layout::permuted), input({3, 4}));
  add("strided", input({3, 4}, Layout::strided), input({4}, Layout::strided));
  add("empty", input({0, 4}), input({4}));
  add("empty broadcast", input({0, 4}), input({1, 4}));
  cases.push_back(
      {name + "/same tensor", {input({5})}, [run](Inputs in) { return run(in[0], in[0]); }});
}

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

void add_reductions(std::vector<OpCase>& cases) {
  const auto add = [&](const std::string& name, const OpInput& input, const Shape& axes,
                       bool keepdim) {
    cases.push_back({"sum/" + name, {input}, [=](Inputs in) { return sum(in[0], axes, keepdim); }});
    cases.push_back(
        {"mean/" + name, {input}, [=](Inputs in) { return mean(in[0], axes, keepdim); }});
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
}

void add_losses(std::vector<OpCase>& cases) {
  const auto add = [&](const std::string& name, const OpInput& logits,
                       const std::vector<std::int64_t>& targets) {
    const Tensor labels = Tensor::from(std::span<const std::int64_t>(targets),
                                       {static_cast<std::int64_t>(targets.size())});
    cases.push_back({"cross_entropy/" + name, {logits}, [labels](Inputs in) {
                       return cross_entropy(in[0], labels);
                     }});
  };
  add("dense", {.shape = {3, 4}}, {0, 3, 1});
  add("permuted", {.shape = {3, 4}, .layout = Layout::permuted}, {2, 2, 1});
  add("strided", {.shape = {2, 3}, .layout = Layout::strided}, {0, 2});
  add("one class", {.shape = {2, 1}}, {0, 0});
  add("single row", {.shape = {1, 5}}, {4});
}

}  // namespace

std::vector<OpCase> op_cases() {
  std::vector<OpCase> cases;
  add_binary(cases, "add", -2, 2, [](const Tensor& a, const Tensor& b) { return a + b; });
  add_binary(cases, "sub", -2, 2, [](const Tensor& a, const Tensor& b) { return a - b; });
  add_binary(cases, "mul", -2, 2, [](const Tensor& a, const Tensor& b) { return a * b; });
  add_binary(cases, "div", 0.5, 2, [](const Tensor& a, const Tensor& b) { return a / b; });
  add_unary(cases, "add number", -2, 2, [](const Tensor& x) { return 3.0 + x; });
  add_unary(cases, "mul number", -2, 2, [](const Tensor& x) { return x * -2.5; });
  add_unary(cases, "div number", -2, 2, [](const Tensor& x) { return x / 3.0; });
  add_unary(cases, "neg", -2, 2, [](const Tensor& x) { return -x; });
  add_unary(cases, "exp", -2, 2, [](const Tensor& x) { return exp(x); });
  add_unary(cases, "log", 0.5, 3, [](const Tensor& x) { return log(x); });
  add_unary(cases, "sqrt", 0.5, 3, [](const Tensor& x) { return sqrt(x); });
  // Differences are wrong across the kink: both sides are checked, and the kink in
  // elementwise_test.
  add_unary(cases, "relu positive", 0.1, 2, [](const Tensor& x) { return relu(x); });
  add_unary(cases, "relu negative", -2, -0.1, [](const Tensor& x) { return relu(x); });
  add_unary(cases, "dropout", -2, 2, [](const Tensor& x) {
    Generator generator{.seed = 7};
    return dropout(x, 0.4, generator);
  });
  add_unary(cases, "to f32 and back", 0, 0,
            [](const Tensor& x) { return x.to(DType::f32).to(x.dtype()); });
  add_views(cases);
  add_reductions(cases);
  add_products(cases);
  add_losses(cases);
  return cases;
}

std::vector<Tensor> make_inputs(const OpCase& op_case, DType dtype, bool dense) {
  std::vector<Tensor> tensors;
  Generator generator{.seed = 3};
  for (const OpInput& input : op_case.inputs) {
    const Tensor values =
        uniform(input.shape, input.low, input.high, generator, DType::f64).to(dtype);
    Tensor laid_out = values;
    const std::int64_t rank = values.rank();
    if (!dense && input.layout == Layout::permuted && rank > 0) {
      Shape reversed;
      for (std::int64_t axis = rank; axis-- > 0;) reversed.push_back(axis);
      laid_out = values.permute(reversed).clone().permute(reversed);
    } else if (!dense && input.layout == Layout::strided && rank > 0) {
      Shape longer = input.shape;
      longer[longer.rank() - 1] *= 2;
      laid_out = Tensor::zeros(longer, {.dtype = dtype}).slice(-1, 0, longer.back(), 2);
      laid_out.copy_(values);
    }
    tensors.push_back(laid_out.set_requires_grad());
  }
  return tensors;
}

}  // namespace plastic::test
