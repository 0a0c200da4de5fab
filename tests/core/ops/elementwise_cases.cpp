#include "core/ops/unary_rules.h"
#include "plastic/core/ops.h"
#include "plastic/core/random.h"
#include "tests/core/ops/op_cases.h"

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

/// A function of the list of unary ones, where its rule says that differences are right.
template <class Rule>
void add_listed(std::vector<OpCase>& cases, const std::string& name, Tensor (*run)(const Tensor&)) {
  if constexpr (rules::HasGradient<Rule>) {
    double low = -2;
    double high = 2;
    if constexpr (requires { Rule::low; }) {
      low = Rule::low;
      high = Rule::high;
    }
    add_unary(cases, name, low, high, run);
  }
}

}  // namespace

void add_elementwise_cases(std::vector<OpCase>& cases) {
#define PLASTIC_ROW(function, Rule) add_listed<rules::Rule>(cases, #function, function);
  PLASTIC_UNARY_FUNCTIONS(PLASTIC_ROW)
#undef PLASTIC_ROW
  add_binary(cases, "add", -2, 2, [](const Tensor& a, const Tensor& b) { return a + b; });
  add_binary(cases, "sub", -2, 2, [](const Tensor& a, const Tensor& b) { return a - b; });
  add_binary(cases, "mul", -2, 2, [](const Tensor& a, const Tensor& b) { return a * b; });
  add_binary(cases, "div", 0.5, 2, [](const Tensor& a, const Tensor& b) { return a / b; });
  add_unary(cases, "add number", -2, 2, [](const Tensor& x) { return 3.0 + x; });
  add_unary(cases, "sub number", -2, 2, [](const Tensor& x) { return x - 3.0; });
  add_unary(cases, "mul number", -2, 2, [](const Tensor& x) { return x * -2.5; });
  add_unary(cases, "div number", -2, 2, [](const Tensor& x) { return x / 3.0; });
  add_unary(cases, "number sub", -2, 2, [](const Tensor& x) { return 3.0 - x; });
  add_unary(cases, "number div", 0.5, 2, [](const Tensor& x) { return 3.0 / x; });
  add_binary(cases, "maximum", -2, 2,
             [](const Tensor& a, const Tensor& b) { return maximum(a, b); });
  add_binary(cases, "minimum", -2, 2,
             [](const Tensor& a, const Tensor& b) { return minimum(a, b); });
  add_binary(cases, "pow tensor", 0.5, 2,
             [](const Tensor& a, const Tensor& b) { return pow(a, b); });
  // Away from where quotients are whole.
  add_binary(cases, "fmod", -1, 1,
             [](const Tensor& a, const Tensor& b) { return fmod(a * 0.1 - 5, b * 0.1 + 3); });
  add_binary(cases, "remainder", -1, 1,
             [](const Tensor& a, const Tensor& b) { return remainder(a * 0.1 - 5, b * 0.1 + 3); });
  add_unary(cases, "fmod number", 0.1, 1.9, [](const Tensor& x) { return fmod(x, -2); });
  add_unary(cases, "remainder number", 0.1, 1.9, [](const Tensor& x) { return remainder(x, -2); });
  add_unary(cases, "abs negative", -2, -0.1, [](const Tensor& x) { return abs(x); });
  add_unary(cases, "clamp inside", -0.9, 0.9, [](const Tensor& x) { return clamp(x, -1, 1); });
  add_unary(cases, "clamp outside", 1.1, 2, [](const Tensor& x) { return clamp(x, -1, 1); });
  add_unary(cases, "pow cube", -2, 2, [](const Tensor& x) { return pow(x, 3); });
  add_unary(cases, "pow square", -2, 2, [](const Tensor& x) { return pow(x, 2); });
  add_unary(cases, "pow fraction", 0.5, 2, [](const Tensor& x) { return pow(x, -1.5); });
  add_unary(cases, "leaky_relu positive", 0.1, 2,
            [](const Tensor& x) { return leaky_relu(x, 0.2); });
  add_unary(cases, "leaky_relu negative", -2, -0.1,
            [](const Tensor& x) { return leaky_relu(x, 0.2); });
  add_unary(cases, "softmax", -2, 2, [](const Tensor& x) {
    return x.rank() == 0 ? softmax(x.reshape({1}), 0) : softmax(x, -1);
  });
  add_unary(cases, "log_softmax", -2, 2, [](const Tensor& x) {
    return x.rank() == 0 ? log_softmax(x.reshape({1}), 0) : log_softmax(x, -1);
  });
  add_unary(cases, "logsumexp", -2, 2, [](const Tensor& x) {
    return x.rank() == 0 ? logsumexp(x.reshape({1}), 0) : logsumexp(x, -1);
  });
  add_unary(cases, "masked_fill", -2, 2, [](const Tensor& x) {
    return masked_fill(
        x, less(x.detach(), Tensor::zeros({}, {.dtype = x.dtype(), .device = x.device()})), 3);
  });
  add_binary(cases, "where", -2, 2, [](const Tensor& a, const Tensor& b) {
    return where(less(a.detach(), b.detach()), a * 2.0, b);
  });
  // Differences are wrong across the kink: both sides are checked, and the kink in
  // elementwise_test.
  add_unary(cases, "relu negative", -2, -0.1, [](const Tensor& x) { return relu(x); });
  add_unary(cases, "dropout", -2, 2, [](const Tensor& x) {
    Generator generator{.seed = 7};
    return dropout(x, 0.4, generator);
  });
  add_unary(cases, "to f32 and back", 0, 0,
            [](const Tensor& x) { return x.to(DType::f32).to(x.dtype()); });
}

}  // namespace plastic::test
