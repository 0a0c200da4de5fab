#pragma once

#include "core/device/backend.h"
#include "cuda/runtime/context.h"

// The kernels behind the CUDA device's Backend, one family a file. Contracts are those of Backend;
// all work is put in the order of the context's stream. Only what returns a number waits.
namespace plastic::cuda {

// copy.cu, unary.cu, unary_grad.cu, binary.cu
void fill(Context& context, const Array& out, const Number& value);
void copy(Context& context, const Array& in, const Array& out);
void unary(Context& context, Unary op, const UnaryParameters& parameters, const Array& in,
           const Array& out);
void unary_grad(Context& context, Unary op, const UnaryParameters& parameters, const Array& saved,
                const Array& grad, const Array& out);
void binary(Context& context, Binary op, const Array& a, const Array& b, const Array& out);
void binary_number(Context& context, Binary op, const Array& in, const Number& number,
                   const Array& out);
void compare(Context& context, Comparison op, const Array& a, const Array& b, const Array& out);
void where(Context& context, const Array& condition, const Array& a, const Array& b,
           const Array& out);

// reduce.cu, extreme.cu
void reduce(Context& context, Reduction op, const Array& in, double divisor, const Array& out);
void arg_extreme(Context& context, Extreme which, const Array& in, const Array& out);
bool all_finite(Context& context, const Array& in);

// index.cu
void gather(Context& context, const Array& in, const Array& index, const Array& out);
void scatter_add(Context& context, const Array& in, const Array& index, const Array& out);
std::int64_t first_outside(Context& context, const Array& index, std::int64_t limit);

// batch_norm.cu, batch_norm_grad.cu
void batch_norm_statistics(Context& context, DType dtype, std::int64_t rows, std::int64_t channels,
                           const void* x, double* mean, double* variance);
void batch_norm_running(Context& context, const BatchNormRunning& update);
void batch_norm(Context& context, const BatchNormCall& call, void* y);
void batch_norm_grad(Context& context, const BatchNormCall& call, const BatchNormGrad& grad);

// max_pool.cu, avg_pool.cu
void max_pool2d(Context& context, const MaxPool2dShape& shape, const void* x, void* offsets,
                void* y);
void max_pool2d_grad(Context& context, const MaxPool2dShape& shape, const void* grad_y,
                     const void* offsets, void* grad_x);
void avg_pool2d(Context& context, const AvgPool2dShape& shape, const void* x, void* y);
void avg_pool2d_grad(Context& context, const AvgPool2dShape& shape, const void* grad_y,
                     void* grad_x);

// cross_entropy.cu
std::int64_t cross_entropy(Context& context, const Array& logits, const Array& targets,
                           const Array& loss, const Array& normalizers);
void cross_entropy_grad(Context& context, const Array& logits, const Array& targets,
                        const Array& normalizers, const Array& grad, const Array& out);

// class_sums.cu
void add_class_sums(Context& context, const Array& logits, const Array& targets, const Array& loss,
                    const Array& sums);

// random.cu
void dropout(Context& context, const Array& in, double p, const Generator& at, const Array& out,
             const Array& mask);
void relu_dropout_grad(Context& context, const Array& result, const Array& grad, double scale,
                       const Array& out);
void masked_scale(Context& context, const Array& in, const Array& mask, double scale,
                  const Array& out);
void uniform(Context& context, const Array& out, double low, double high, const Generator& at);
void normal(Context& context, const Array& out, double mean, double deviation, const Generator& at);

/// What follows the sums of a product: bias over the columns, ReLU, then dropout, where asked for,
/// in place on c (m, n). random.cu
void finish_gemm(Context& context, const Gemm& gemm, bool with_bias_and_relu);

}  // namespace plastic::cuda
