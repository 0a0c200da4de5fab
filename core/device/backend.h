#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "core/device/array.h"
#include "core/device/batch_norm_call.h"
#include "core/device/conv2d_shape.h"
#include "core/device/pool2d_shape.h"
#include "core/device/recorded_step.h"
#include "plastic/core/device.h"
#include "plastic/core/number.h"
#include "plastic/core/random.h"

namespace plastic {

// Elementwise functions: their lists and formulas are in core/ops/unary_rules.h and
// core/ops/binary_rules.h.
enum class Unary : std::uint8_t;
enum class Binary : std::uint8_t;
enum class Ternary : std::uint8_t;
enum class Comparison : std::uint8_t;

/// Numbers that some elementwise functions are called with: leaky_relu's slope, clamp's two limits,
/// pow's exponent.
struct UnaryParameters {
  double first = 0;
  double second = 0;
};

/// norm is the root of the sum of squares. Squares are taken of floating point only.
enum class Reduction { sum, sum_of_squares, norm };

enum class Extreme { largest, smallest };

/// C (m, n) = A (m, k) · B (k, n), then the bias over columns, ReLU and dropout where asked for.
/// `transpose_*` reads the matrix as stored transposed: A as (k, m), B as (n, k). Rows lie `ld*`
/// elements apart.
struct Gemm {
  DType dtype = DType::f32;
  std::int64_t m = 0, n = 0, k = 0;
  const void* a = nullptr;
  std::int64_t lda = 0;
  bool transpose_a = false;
  const void* b = nullptr;
  std::int64_t ldb = 0;
  bool transpose_b = false;
  void* c = nullptr;
  std::int64_t ldc = 0;
  /// (n), or null.
  const void* bias = nullptr;
  bool relu = false;
  /// Probability below 1. Element (i, j) is decided by number i · n + j from `at` on, as in
  /// Backend::dropout().
  double dropout = 0;
  Generator at = {};
};

/// The gradient of ReLU of images that lie channels-last: out = result <= 0 ? 0 : grad, and the
/// sums of `out` over all rows. Everything has one dtype.
struct ReluGrad {
  DType dtype = DType::f32;
  /// Pixels, at least one, and channels.
  std::int64_t rows = 0, channels = 0;
  /// (rows, channels).
  const void* result = nullptr;
  const void* grad = nullptr;
  void* out = nullptr;
  /// (channels), or null.
  void* sums = nullptr;
};

/// What a device can do. Operations check their arguments once, in core/ops; kernels trust them.
/// Arrays that are read may have any strides; arrays that are written have no stride of 0. Unless
/// said otherwise all arrays of a call have one dtype, and results are contiguous.
///
/// bf16: a device takes it wherever it takes f32, computes with it in f32 (sums as for f32) and
/// rounds results once, but for scatter_add(), cross_entropy(), cross_entropy_grad(), uniform() and
/// normal(), which are not called with it. Precision::tf32 (plastic/core/precision.h) concerns
/// gemm() and the convolutions.
///
/// A device that is capturing a step, to replay it later, cannot wait for a result: what returns
/// one says what it does then.
///
/// What only some devices do is a separate interface, which a device's class has as a second base
/// and which users ask for with dynamic_cast: ClassSums (core/device/class_sums.h), and what
/// optimizers and loaders need.
class Backend {
 public:
  virtual ~Backend() = default;

  /// Memory aligned to 64 bytes, contents unspecified; null for 0 bytes. Throws Error when out.
  virtual void* allocate(std::size_t bytes) = 0;
  virtual void deallocate(void* data, std::size_t bytes) = 0;

  virtual void copy_from_host(const void* host, void* device, std::size_t bytes) = 0;
  virtual void copy_to_host(const void* device, void* host, std::size_t bytes) = 0;

  /// Sets every element of an array of any strides. The dtype can hold the number, here and in
  /// binary_number() (core/tensor/number.h).
  virtual void fill(const Array& out, const Number& value) = 0;
  /// Element by element into an array of the same shape and any strides, converting the dtype; what
  /// becomes an integer is in its range.
  virtual void copy(const Array& in, const Array& out) = 0;

  virtual void unary(Unary op, const UnaryParameters& parameters, const Array& in,
                     const Array& out) = 0;
  /// The gradient of a unary function from that of its result, `grad`, and what it saved: its
  /// result or its argument, as its rule says, or anything of grad's shape.
  virtual void unary_grad(Unary op, const UnaryParameters& parameters, const Array& saved,
                          const Array& grad, const Array& out) = 0;
  /// By default unary_grad() and reduce().
  virtual void relu_grad(const ReluGrad& call);
  /// All three have the shape of the result; broadcast inputs come with strides of 0. `out` may be
  /// an input itself, in place. Integers are not divided by 0.
  virtual void binary(Binary op, const Array& a, const Array& b, const Array& out) = 0;
  /// out = op(in, number); `out` may be `in` itself.
  virtual void binary_number(Binary op, const Array& in, const Number& number,
                             const Array& out) = 0;
  /// All have the shape of the result and are of floating point; `out` may be an input itself.
  virtual void ternary(Ternary op, double value, const Array& a, const Array& b, const Array& c,
                       const Array& out) = 0;
  /// The same shapes; `out` is u8, 1 where the comparison holds.
  virtual void compare(Comparison op, const Array& a, const Array& b, const Array& out) = 0;
  /// out = condition != 0 ? a : b; `condition` is u8. The same shapes as for binary().
  virtual void where(const Array& condition, const Array& a, const Array& b, const Array& out) = 0;

  /// `out` has the rank of `in`, with size 1 along reduced axes, and in's dtype or the widest of
  /// its kind, f64 or i64. Sums of floating point are divided by `divisor`, once, at the end, which
  /// makes the mean of equal numbers that number. They are kept in f64, those of f64 are taken
  /// pairwise; only a result that its dtype cannot hold overflows (core/ops/reduction_rule.h).
  virtual void reduce(Reduction op, const Array& in, double divisor, const Array& out) = 0;
  /// Position of the first largest or smallest element along the middle axis, NaN counting as
  /// either: in (outer, count, inner), contiguous; out (outer, inner) i64.
  virtual void arg_extreme(Extreme which, const Array& in, const Array& out) = 0;

  /// Along the middle axis of (outer, size, inner), by indices (outer, count, inner) i64:
  /// gather: out[o, j, i] = in[o, index[o, j, i], i]; scatter_add: out[o, index[o, j, i], i] +=
  /// in[o, j, i], rounded once however many j meet. `index` may have any strides, the others are
  /// contiguous. Indices are in range (see first_outside).
  virtual void gather(const Array& in, const Array& index, const Array& out) = 0;
  virtual void scatter_add(const Array& in, const Array& index, const Array& out) = 0;
  /// Position, in row-major order, of the first element of a contiguous i64 array outside [0,
  /// limit), or -1. Throws Error on a device that is capturing a step.
  virtual std::int64_t first_outside(const Array& index, std::int64_t limit) = 0;

  /// Whether every element is finite; `in` is contiguous. Throws Error on a device that is
  /// capturing a step.
  virtual bool all_finite(const Array& in) = 0;

  virtual void gemm(const Gemm& gemm) = 0;

  /// y = x * weight + bias, the bias (out_channels) perhaps null, and then max(y, 0) if `relu`. No
  /// size is 0.
  virtual void conv2d(const Conv2dShape& shape, const void* x, const void* weight, const void* bias,
                      bool relu, void* y) = 0;
  /// The gradients of x and of the weight from that of y, without bias and relu.
  virtual void conv2d_input_grad(const Conv2dShape& shape, const void* grad_y, const void* weight,
                                 void* grad_x) = 0;
  virtual void conv2d_weight_grad(const Conv2dShape& shape, const void* x, const void* grad_y,
                                  void* grad_weight) = 0;

  /// Mean and variance (of the population) of each channel of rows (rows, channels) >= 1.
  virtual void batch_norm_statistics(DType dtype, std::int64_t rows, std::int64_t channels,
                                     const void* x, double* mean, double* variance) = 0;
  virtual void batch_norm_running(const BatchNormRunning& update) = 0;
  /// No size is 0, like the next.
  virtual void batch_norm(const BatchNormCall& call, void* y) = 0;
  virtual void batch_norm_grad(const BatchNormCall& call, const BatchNormGrad& grad) = 0;

  /// `offsets`, of shape.offset_dtype(), receives where in its window each result was found, which
  /// is what the gradient needs. No size is 0 here and in conv2d_max_pool2d().
  virtual void max_pool2d(const MaxPool2dShape& shape, const void* x, void* offsets, void* y) = 0;
  virtual void max_pool2d_grad(const MaxPool2dShape& shape, const void* grad_y, const void* offsets,
                               void* grad_x) = 0;
  /// conv2d() and max_pool2d() of its result, by default one after the other.
  virtual void conv2d_max_pool2d(const Conv2dShape& shape, const void* x, const void* weight,
                                 const void* bias, bool relu, const MaxPool2dShape& pool,
                                 void* offsets, void* y);
  virtual void avg_pool2d(const AvgPool2dShape& shape, const void* x, void* y) = 0;
  virtual void avg_pool2d_grad(const AvgPool2dShape& shape, const void* grad_y, void* grad_x) = 0;

  /// Mean of -log softmax(logits)[target] into the scalar `loss`, and into `normalizers`, f64 (n,
  /// 3), what the gradient needs of each row: its maximum, Σ exp(logits - maximum), and that sum
  /// without the target's term. Kept separate they lose nothing: a maximum of 1e8 would swallow the
  /// logarithm of the sum, and a target's term of 1 the others. Returns the position of a target
  /// out of [0, classes), or -1. A device that is capturing a step returns -1 unchecked, and the
  /// loss is NaN if a target is bad. logits and targets (i64) are contiguous.
  virtual std::int64_t cross_entropy(const Array& logits, const Array& targets, const Array& loss,
                                     const Array& normalizers) = 0;
  /// out = (softmax(logits) - onehot(targets)) · grad / n, grad being a scalar.
  virtual void cross_entropy_grad(const Array& logits, const Array& targets,
                                  const Array& normalizers, const Array& grad,
                                  const Array& out) = 0;

  /// Keeps element i where number i of the sequence is >= p, scaled by 1 / (1 - p), else 0. `mask`
  /// (u8) receives what was kept. p < 1; all contiguous.
  virtual void dropout(const Array& in, double p, const Generator& at, const Array& out,
                       const Array& mask) = 0;
  /// The gradient of ReLU and dropout after it, from their result: out = result <= 0 ? 0 : grad ·
  /// scale; contiguous. NaN lets it pass.
  virtual void relu_dropout_grad(const Array& result, const Array& grad, double scale,
                                 const Array& out) = 0;
  /// out = in · mask · scale; contiguous.
  virtual void masked_scale(const Array& in, const Array& mask, double scale, const Array& out) = 0;
  /// Uniform in [low, high), contiguous.
  virtual void uniform(const Array& out, double low, double high, const Generator& at) = 0;
  virtual void normal(const Array& out, double mean, double deviation, const Generator& at) = 0;

  /// Captures a step: see plastic/core/recording.h. Throws Error if the device cannot.
  virtual std::unique_ptr<RecordedStep> record(Generator& generator,
                                               const std::function<void()>& step);
};

/// The backend of a device. Throws Error when the device is not there.
Backend& backend(Device device);

/// The CPU's own, whatever is registered in its place (core/device/registry.h).
Backend& cpu_backend();

}  // namespace plastic
