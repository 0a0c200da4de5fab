#include "core/cpu/bf16/backend.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "core/cpu/bf16/operands.h"
#include "core/cpu/bf16/pieces.h"
#include "core/cpu/conv/conv_winograd.h"
#include "core/ops/binary_rules.h"
#include "core/ops/unary_rules.h"
#include "plastic/core/conv_algorithm.h"

namespace plastic::cpu {
namespace {

DType wide(DType dtype) { return dtype == DType::bf16 ? DType::f32 : dtype; }

/// A call in the dtype of the kernels.
template <class Call>
Call wide(Call call) {
  call.dtype = wide(call.dtype);
  return call;
}

bool is_narrow(DType dtype) { return dtype == DType::bf16; }
bool is_narrow(const Array& array) { return is_narrow(array.dtype); }

Array flat(void* floats, std::int64_t count) { return {floats, DType::f32, {count}, {1}}; }

// Convolutions and pools, a piece of the images at a time.

template <class Shape2d>
std::int64_t largest(const Shape2d& s) {
  return std::max(s.x_size(), s.y_size());
}

template <class Shape2d>
Shape2d part_of(Shape2d s, const ImagePiece& images) {
  s.batch = images.count;
  return s;
}

/// Numbers that transformed weights have (docs/winograd.md), about.
std::int64_t transformed(const Conv2dShape& s) { return 8 * s.weight_size(); }

/// `count` elements of bf16 that are the images of a piece, in f32.
const void* in(Bf16Operands& at, const void* all, std::int64_t count, const ImagePiece& images) {
  const std::int64_t each = images.count == 0 ? 0 : count / images.count;
  return at.in(images.of(static_cast<const bfloat16*>(all), each), DType::bf16, count);
}
void* out(Bf16Operands& at, void* all, std::int64_t count, const ImagePiece& images) {
  const std::int64_t each = images.count == 0 ? 0 : count / images.count;
  return at.out(images.of(static_cast<bfloat16*>(all), each), DType::bf16, count);
}

class Bf16Backend final : public Backend {
 public:
  Bf16Backend(Backend& kernels, Bf16Products& products) : kernels_(kernels), products_(products) {}

  void* allocate(std::size_t bytes) override { return kernels_.allocate(bytes); }
  void deallocate(void* data, std::size_t bytes) override { kernels_.deallocate(data, bytes); }
  void copy_from_host(const void* host, void* device, std::size_t bytes) override {
    kernels_.copy_from_host(host, device, bytes);
  }
  void copy_to_host(const void* device, void* host, std::size_t bytes) override {
    kernels_.copy_to_host(device, host, bytes);
  }

  // The kernels store, convert, look at, sum, rectify, normalise and pool bf16 themselves, and
  // transform images of it.
  void fill(const Array& out, const Number& value) override { kernels_.fill(out, value); }
  void copy(const Array& in, const Array& out) override { kernels_.copy(in, out); }
  void batch_norm_statistics(DType dtype, std::int64_t rows, std::int64_t channels, const void* x,
                             double* mean, double* variance) override {
    kernels_.batch_norm_statistics(dtype, rows, channels, x, mean, variance);
  }
  void batch_norm_running(const BatchNormRunning& update) override {
    kernels_.batch_norm_running(update);
  }
  void batch_norm(const BatchNormCall& call, void* y) override { kernels_.batch_norm(call, y); }
  void batch_norm_grad(const BatchNormCall& call, const BatchNormGrad& grad) override {
    kernels_.batch_norm_grad(call, grad);
  }
  void relu_grad(const ReluGrad& call) override { kernels_.relu_grad(call); }
  void reduce(Reduction op, const Array& in, double divisor, const Array& out) override {
    kernels_.reduce(op, in, divisor, out);
  }
  void arg_extreme(Extreme which, const Array& in, const Array& out) override {
    kernels_.arg_extreme(which, in, out);
  }
  void max_pool2d(const MaxPool2dShape& s, const void* x, void* offsets, void* y) override {
    kernels_.max_pool2d(s, x, offsets, y);
  }
  void max_pool2d_grad(const MaxPool2dShape& s, const void* grad_y, const void* offsets,
                       void* grad_x) override {
    kernels_.max_pool2d_grad(s, grad_y, offsets, grad_x);
  }
  bool all_finite(const Array& in) override { return kernels_.all_finite(in); }
  std::int64_t first_outside(const Array& index, std::int64_t limit) override {
    return kernels_.first_outside(index, limit);
  }

  void unary(Unary op, const UnaryParameters& p, const Array& in, const Array& out) override {
    if (!is_narrow(in) || op == Unary::relu) return kernels_.unary(op, p, in, out);
    Array arrays[] = {in, out};
    in_pieces(kernels_, arrays, [&](Bf16Operands& at, const auto& part) {
      kernels_.unary(op, p, at.in(part[0]), at.out(part[1]));
    });
  }
  void unary_grad(Unary op, const UnaryParameters& p, const Array& saved, const Array& grad,
                  const Array& out) override {
    if (!is_narrow(grad) || op == Unary::relu) return kernels_.unary_grad(op, p, saved, grad, out);
    Array arrays[] = {saved, grad, out};
    in_pieces(kernels_, arrays, [&](Bf16Operands& at, const auto& part) {
      kernels_.unary_grad(op, p, at.in(part[0]), at.in(part[1]), at.out(part[2]));
    });
  }
  void binary(Binary op, const Array& a, const Array& b, const Array& out) override {
    if (!is_narrow(a) || op == Binary::add) return kernels_.binary(op, a, b, out);
    Array arrays[] = {a, b, out};
    in_pieces(kernels_, arrays, [&](Bf16Operands& at, const auto& part) {
      kernels_.binary(op, at.in(part[0]), at.in(part[1]), at.out(part[2]));
    });
  }
  void binary_number(Binary op, const Array& in, const Number& number, const Array& out) override {
    if (!is_narrow(in)) return kernels_.binary_number(op, in, number, out);
    Array arrays[] = {in, out};
    in_pieces(kernels_, arrays, [&](Bf16Operands& at, const auto& part) {
      kernels_.binary_number(op, at.in(part[0]), number, at.out(part[1]));
    });
  }
  void ternary(Ternary op, double value, const Array& a, const Array& b, const Array& c,
               const Array& out) override {
    if (!is_narrow(a)) return kernels_.ternary(op, value, a, b, c, out);
    Array arrays[] = {a, b, c, out};
    in_pieces(kernels_, arrays, [&](Bf16Operands& at, const auto& part) {
      kernels_.ternary(op, value, at.in(part[0]), at.in(part[1]), at.in(part[2]), at.out(part[3]));
    });
  }
  void compare(Comparison op, const Array& a, const Array& b, const Array& out) override {
    if (!is_narrow(a)) return kernels_.compare(op, a, b, out);
    Array arrays[] = {a, b, out};
    in_pieces(kernels_, arrays, [&](Bf16Operands& at, const auto& part) {
      kernels_.compare(op, at.in(part[0]), at.in(part[1]), part[2]);
    });
  }
  void where(const Array& condition, const Array& a, const Array& b, const Array& out) override {
    if (!is_narrow(a)) return kernels_.where(condition, a, b, out);
    Array arrays[] = {condition, a, b, out};
    in_pieces(kernels_, arrays, [&](Bf16Operands& at, const auto& part) {
      kernels_.where(part[0], at.in(part[1]), at.in(part[2]), at.out(part[3]));
    });
  }

  void gather(const Array& in, const Array& index, const Array& out) override {
    if (!is_narrow(in)) return kernels_.gather(in, index, out);
    Bf16Operands at(kernels_);
    kernels_.gather(at.in(in), index, at.out(out));
    at.finish();
  }

  void gemm(const Gemm& g) override {
    if (!is_narrow(g.dtype)) return kernels_.gemm(g);
    products_.gemm(g);
  }

  void conv2d(const Conv2dShape& s, const void* x, const void* weight, const void* bias, bool relu,
              void* y) override {
    if (!is_narrow(s.dtype)) return kernels_.conv2d(s, x, weight, bias, relu, y);
    if (is_for_winograd(s)) return kernels_.conv2d(s, x, weight, bias, relu, y);
    if (products_.conv2d(s, x, weight, bias, relu, y)) return;
    Bf16Operands weights(kernels_);
    const void* const wide_weight = weights.in(weight, s.dtype, s.weight_size());
    const void* const wide_bias = weights.in(bias, s.dtype, s.out_channels);
    by_images(s.batch, largest(s), transformed(s), [&](const ImagePiece& images) {
      const Conv2dShape part = part_of(s, images);
      Bf16Operands at(kernels_);
      kernels_.conv2d(wide(part), in(at, x, part.x_size(), images), wide_weight, wide_bias, relu,
                      out(at, y, part.y_size(), images));
      at.finish();
    });
  }
  void conv2d_max_pool2d(const Conv2dShape& s, const void* x, const void* weight, const void* bias,
                         bool relu, const MaxPool2dShape& pool, void* offsets, void* y) override {
    if (is_narrow(s.dtype) && !is_for_winograd(s)) {
      return Backend::conv2d_max_pool2d(s, x, weight, bias, relu, pool, offsets, y);
    }
    kernels_.conv2d_max_pool2d(s, x, weight, bias, relu, pool, offsets, y);
  }
  void conv2d_input_grad(const Conv2dShape& s, const void* grad_y, const void* weight,
                         void* grad_x) override {
    if (!is_narrow(s.dtype)) return kernels_.conv2d_input_grad(s, grad_y, weight, grad_x);
    if (is_for_winograd(s)) return kernels_.conv2d_input_grad(s, grad_y, weight, grad_x);
    if (products_.conv2d_input_grad(s, grad_y, weight, grad_x)) return;
    Bf16Operands weights(kernels_);
    const void* const wide_weight = weights.in(weight, s.dtype, s.weight_size());
    by_images(s.batch, largest(s), transformed(s), [&](const ImagePiece& images) {
      const Conv2dShape part = part_of(s, images);
      Bf16Operands at(kernels_);
      kernels_.conv2d_input_grad(wide(part), in(at, grad_y, part.y_size(), images), wide_weight,
                                 out(at, grad_x, part.x_size(), images));
      at.finish();
    });
  }
  void conv2d_weight_grad(const Conv2dShape& s, const void* x, const void* grad_y,
                          void* grad_weight) override {
    if (!is_narrow(s.dtype)) return kernels_.conv2d_weight_grad(s, x, grad_y, grad_weight);
    if (is_for_winograd(s)) return kernels_.conv2d_weight_grad(s, x, grad_y, grad_weight);
    if (products_.conv2d_weight_grad(s, x, grad_y, grad_weight)) return;
    Bf16Operands weights(kernels_);
    const Array sum = flat(weights.out(grad_weight, s.dtype, s.weight_size()), s.weight_size());
    by_images(s.batch, largest(s), s.weight_size(), [&](const ImagePiece& images) {
      const Conv2dShape shape = part_of(s, images);
      Bf16Operands at(kernels_);
      const void* const part_of_x = in(at, x, shape.x_size(), images);
      const void* const part_of_grad = in(at, grad_y, shape.y_size(), images);
      if (images.first == 0) {
        kernels_.conv2d_weight_grad(wide(shape), part_of_x, part_of_grad, sum.data);
        return;
      }
      const Scratch<float> term(s.weight_size());
      kernels_.conv2d_weight_grad(wide(shape), part_of_x, part_of_grad, term.data());
      kernels_.binary(Binary::add, sum, flat(term.data(), s.weight_size()), sum);
    });
    weights.finish();
  }

  void avg_pool2d(const AvgPool2dShape& s, const void* x, void* y) override {
    if (!is_narrow(s.dtype)) return kernels_.avg_pool2d(s, x, y);
    by_images(s.batch, largest(s), 0, [&](const ImagePiece& images) {
      const AvgPool2dShape part = part_of(s, images);
      Bf16Operands at(kernels_);
      kernels_.avg_pool2d(wide(part), in(at, x, part.x_size(), images),
                          out(at, y, part.y_size(), images));
      at.finish();
    });
  }
  void avg_pool2d_grad(const AvgPool2dShape& s, const void* grad_y, void* grad_x) override {
    if (!is_narrow(s.dtype)) return kernels_.avg_pool2d_grad(s, grad_y, grad_x);
    by_images(s.batch, largest(s), 0, [&](const ImagePiece& images) {
      const AvgPool2dShape part = part_of(s, images);
      Bf16Operands at(kernels_);
      kernels_.avg_pool2d_grad(wide(part), in(at, grad_y, part.y_size(), images),
                               out(at, grad_x, part.x_size(), images));
      at.finish();
    });
  }

  void dropout(const Array& in, double p, const Generator& from, const Array& out,
               const Array& mask) override {
    if (!is_narrow(in)) return kernels_.dropout(in, p, from, out, mask);
    Bf16Operands at(kernels_);
    kernels_.dropout(at.in(in), p, from, at.out(out), mask);
    at.finish();
  }
  void relu_dropout_grad(const Array& result, const Array& grad, double scale,
                         const Array& out) override {
    if (!is_narrow(grad)) return kernels_.relu_dropout_grad(result, grad, scale, out);
    Array arrays[] = {result, grad, out};
    in_pieces(kernels_, arrays, [&](Bf16Operands& at, const auto& part) {
      kernels_.relu_dropout_grad(at.in(part[0]), at.in(part[1]), scale, at.out(part[2]));
    });
  }
  void masked_scale(const Array& in, const Array& mask, double scale, const Array& out) override {
    if (!is_narrow(in)) return kernels_.masked_scale(in, mask, scale, out);
    Array arrays[] = {in, mask, out};
    in_pieces(kernels_, arrays, [&](Bf16Operands& at, const auto& part) {
      kernels_.masked_scale(at.in(part[0]), part[1], scale, at.out(part[2]));
    });
  }

  // These are not called with bf16 (core/device/backend.h).
  void scatter_add(const Array& in, const Array& index, const Array& out) override {
    kernels_.scatter_add(in, index, out);
  }
  std::int64_t cross_entropy(const Array& logits, const Array& targets, const Array& loss,
                             const Array& normalizers) override {
    return kernels_.cross_entropy(logits, targets, loss, normalizers);
  }
  void cross_entropy_grad(const Array& logits, const Array& targets, const Array& normalizers,
                          const Array& grad, const Array& out) override {
    kernels_.cross_entropy_grad(logits, targets, normalizers, grad, out);
  }
  void uniform(const Array& out, double low, double high, const Generator& from) override {
    kernels_.uniform(out, low, high, from);
  }
  void normal(const Array& out, double mean, double deviation, const Generator& from) override {
    kernels_.normal(out, mean, deviation, from);
  }

 private:
  bool is_for_winograd(const Conv2dShape& s) const {
    return conv_algorithm() == ConvAlgorithm::automatic && !products_.beat_winograd() &&
           winograd_reads_bf16(s);
  }

  Backend& kernels_;
  Bf16Products& products_;
};

}  // namespace

std::unique_ptr<Backend> with_bf16(Backend& kernels, Bf16Products& products) {
  return std::make_unique<Bf16Backend>(kernels, products);
}

}  // namespace plastic::cpu
