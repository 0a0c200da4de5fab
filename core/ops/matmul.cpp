#include "plastic/core/ops/matmul.h"

#include "core/autograd/graph.h"
#include "core/check.h"
#include "core/device/backend.h"
#include "core/ops/broadcast.h"
#include "core/ops/mixed_precision.h"
#include "core/random/draw.h"
#include "core/random/philox.h"
#include "plastic/core/ops/reduce.h"

namespace plastic {
namespace {

/// A matrix whose rows or columns are dense, as a product reads it.
struct Matrix {
  const void* data;
  std::int64_t leading;
  bool transposed;
};

/// How to read x (2-D) in place, if its layout allows.
bool readable(const Tensor& x) {
  const Shape& size = x.shape();
  const Shape& stride = x.strides();
  return (stride[1] == 1 && stride[0] >= size[1]) || (stride[0] == 1 && stride[1] >= size[0]);
}

Matrix matrix_of(const Tensor& x) {
  const bool rows_dense = x.strides()[1] == 1 && x.strides()[0] >= x.size(1);
  return {memory(x), rows_dense ? x.strides()[0] : x.strides()[1], !rows_dense};
}

/// What follows the sums of a product, besides a bias.
struct Following {
  bool relu = false;
  double dropout = 0;
  Generator at = {};
};

/// out = a · b + bias, for 2-D tensors; `out` is contiguous.
void multiply(const Tensor& a, const Tensor& b, const Tensor& bias, const Tensor& out,
              const Following& following = {}) {
  // The bias is added, and an empty sum is zero, whatever k is.
  const Tensor a_dense = readable(a) ? a : a.clone();
  const Tensor b_dense = readable(b) ? b : b.clone();
  const Tensor bias_dense = bias.defined() ? bias.contiguous() : bias;
  const Matrix left = matrix_of(a_dense);
  const Matrix right = matrix_of(b_dense);
  backend(out.device())
      .gemm({.dtype = out.dtype(),
             .m = a.size(0),
             .n = b.size(1),
             .k = a.size(1),
             .a = left.data,
             .lda = left.leading,
             .transpose_a = left.transposed,
             .b = right.data,
             .ldb = right.leading,
             .transpose_b = right.transposed,
             .c = memory(out),
             .ldc = out.size(1),
             .bias = memory(bias_dense),
             .relu = following.relu,
             .dropout = following.dropout,
             .at = following.at});
}

Tensor product(const Tensor& a, const Tensor& b, const Tensor& bias = {},
               const Following& following = {}) {
  Tensor out = Tensor::empty({a.size(0), b.size(1)}, options_of(a));
  multiply(a, b, bias, out, following);
  return out;
}

/// a · b as the gradient of input i.
Tensor gradient_product(const Tensor& a, const Tensor& b, const Inputs& inputs, std::size_t i) {
  Tensor out = inputs.gradient_for(i, {a.size(0), b.size(1)}, options_of(a));
  multiply(a, b, {}, out);
  return out;
}

Tensor transposed(const Tensor& x) { return x.transpose(-2, -1); }

/// Leading axes of `shape`.
Shape batch_axes(const Shape& shape) { return Shape(std::span(shape.begin(), shape.rank() - 2)); }

Shape with_matrix(Shape batch, std::int64_t rows, std::int64_t columns) {
  batch.push_back(rows);
  batch.push_back(columns);
  return batch;
}

/// A matrix product for every position of the leading axes, which broadcast. Not recorded.
Tensor multiply_batches(const Tensor& a, const Tensor& b) {
  const Shape batch = broadcast_shapes("matmul", batch_axes(a.shape()), batch_axes(b.shape()));
  const std::int64_t count = batch.numel();
  const auto flat = [&](const Tensor& x) {
    const Tensor spread = x.expand(with_matrix(batch, x.size(-2), x.size(-1)));
    return spread.reshape({count, x.size(-2), x.size(-1)});
  };
  const Tensor left = flat(a);
  const Tensor right = flat(b);
  const Tensor out = Tensor::empty({count, a.size(-2), b.size(-1)}, options_of(a));
  for (std::int64_t i = 0; i < count; ++i) {
    const auto matrix = [i](const Tensor& x) { return x.slice(0, i, i + 1).squeeze(0); };
    multiply(matrix(left), matrix(right), {}, matrix(out));
  }
  return out.reshape(with_matrix(batch, a.size(-2), b.size(-1)));
}

Tensor batched_product(const Tensor& a, const Tensor& b) {
  Tensor y;
  {
    const NoGrad no_grad;
    y = multiply_batches(a, b);
  }
  return record(
      "matmul", y, {a, b},
      [sa = Saved("matmul", a), sb = Saved("matmul", b)](const Tensor& g,
                                                         const Inputs& in) -> Gradients {
        const Tensor& left = sa.get();
        const Tensor& right = sb.get();
        return {
            in.needs(0) ? sum_to(multiply_batches(g, transposed(right)), left.shape()) : Tensor(),
            in.needs(1) ? sum_to(multiply_batches(transposed(left), g), right.shape()) : Tensor()};
      });
}

void check_linear(const char* op, const Tensor& x, const Tensor& weight, const Tensor& bias) {
  check_same_kind(op, x, weight);
  check_floating(op, x);
  if (weight.rank() != 2 || x.rank() < 1 || x.size(-1) != weight.size(1)) {
    fail(op, "input ", to_string(x.shape()), " does not fit weight ", to_string(weight.shape()),
         "; needs (..., in) and (out, in)");
  }
  if (!bias.defined()) return;
  check_same_kind(op, weight, bias);
  if (bias.shape() != Shape{weight.size(0)}) {
    fail(op, "bias ", to_string(bias.shape()), " does not fit weight ", to_string(weight.shape()),
         "; needs (out)");
  }
}

/// `layer`, which takes a matrix, of x with any number of leading axes.
template <class Layer>
Tensor with_leading_axes(const Tensor& x, const Tensor& weight, Layer&& layer) {
  Shape shape = x.shape();
  // x may have no columns: its elements do not tell.
  shape[shape.rank() - 1] = 1;
  const std::int64_t rows = shape.numel();
  shape[shape.rank() - 1] = weight.size(0);
  return layer(x.reshape({rows, x.size(-1)})).reshape(shape);
}

/// What a linear layer keeps for its gradients.
class LinearInputs {
 public:
  LinearInputs(const char* op, const Tensor& x, const Tensor& weight)
      : x_(op, x), weight_(op, weight) {}

  Gradients gradients(const Tensor& g, const Inputs& in) const {
    return {in.needs(0) ? gradient_product(g, weight_.get(), in, 0) : Tensor(),
            in.needs(1) ? gradient_product(transposed(g), x_.get(), in, 1) : Tensor(),
            in.needs(2) ? sum(g, {0}) : Tensor()};
  }

 private:
  Saved x_;
  Saved weight_;
};

}  // namespace

// C = A·B: dA = dC·Bᵀ, dB = Aᵀ·dC
Tensor matmul(const Tensor& left, const Tensor& right) {
  const Tensor a = for_product(left);
  const Tensor b = for_product(right);
  check_same_kind("matmul", a, b);
  check_floating("matmul", a);
  if (a.rank() < 2 || b.rank() < 2) {
    fail("matmul", "needs two matrices, got ", to_string(a.shape()), " x ", to_string(b.shape()));
  }
  if (a.size(-1) != b.size(-2)) {
    fail("matmul", "inner sizes differ: ", to_string(a.shape()), " x ", to_string(b.shape()));
  }
  if (a.rank() > 2 || b.rank() > 2) return batched_product(a, b);
  return record("matmul", product(a, b), {a, b},
                [sa = Saved("matmul", a), sb = Saved("matmul", b)](const Tensor& g,
                                                                   const Inputs& in) -> Gradients {
                  return {
                      in.needs(0) ? gradient_product(g, transposed(sb.get()), in, 0) : Tensor(),
                      in.needs(1) ? gradient_product(transposed(sa.get()), g, in, 1) : Tensor()};
                });
}

// y = x·Wᵀ + b: dx = dy·W, dW = dyᵀ·x, db = Σ dy over rows
Tensor linear(const Tensor& input, const Tensor& weights, const Tensor& biases) {
  const Tensor x = for_product(input);
  const Tensor weight = for_product(weights);
  const Tensor bias = for_product(biases);
  check_linear("linear", x, weight, bias);
  if (x.rank() != 2) {
    return with_leading_axes(x, weight,
                             [&](const Tensor& rows) { return linear(rows, weight, bias); });
  }
  return record(
      "linear", product(x, transposed(weight.detach()), bias), {x, weight, bias},
      [saved = LinearInputs("linear", x, weight)](const Tensor& g, const Inputs& in) -> Gradients {
        return saved.gradients(g, in);
      });
}

// With y > 0, or NaN, where ReLU let x through and dropout kept it, the gradient before both is
// y <= 0 ? 0 : dy/(1 - p).
Tensor linear_relu_dropout(const Tensor& input, const Tensor& weights, const Tensor& biases,
                           double p, Generator& generator) {
  constexpr const char* op = "linear_relu_dropout";
  const Tensor x = for_product(input);
  const Tensor weight = for_product(weights);
  const Tensor bias = for_product(biases);
  check_linear(op, x, weight, bias);
  if (!(p >= 0 && p < 1)) fail(op, "p must be in [0, 1), got ", p);
  if (x.rank() != 2) {
    return with_leading_axes(x, weight, [&](const Tensor& rows) {
      return linear_relu_dropout(rows, weight, bias, p, generator);
    });
  }
  const std::int64_t drawn = p > 0 ? x.shape()[0] * weight.shape()[0] : 0;
  const Tensor y = product(x, transposed(weight.detach()), bias,
                           {.relu = true, .dropout = p, .at = draw(generator, blocks_for(drawn))});
  return record(op, y, {x, weight, bias},
                [saved = LinearInputs(op, x, weight), result = Saved(op, y), p](
                    const Tensor& g, const Inputs& in) -> Gradients {
                  const Tensor dense_g = g.contiguous();
                  const Tensor inner = Tensor::empty(g.shape(), options_of(g));
                  backend(g.device())
                      .relu_dropout_grad(array_of(result.get()), array_of(dense_g),
                                         DropoutRule(p).scale, array_of(inner));
                  return saved.gradients(inner, in);
                });
}

}  // namespace plastic
