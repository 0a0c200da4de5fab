#pragma once

#include "core/device/backend.h"

// The kernels behind the CPU's Backend, one family a file. Contracts are those of Backend.
namespace plastic::cpu {

void fill(const Array& out, const Number& value);
void copy(const Array& in, const Array& out);
/// copy() where the arrays are dense along different axes, as images in different layouts are; the
/// dtypes must be equal. False, and nothing is done, for other arrays.
bool copy_transposed(const Array& in, const Array& out);
void unary(Unary op, const UnaryParameters& parameters, const Array& in, const Array& out);
void unary_grad(Unary op, const UnaryParameters& parameters, const Array& saved, const Array& grad,
                const Array& out);
void compare(Comparison op, const Array& a, const Array& b, const Array& out);
void where(const Array& condition, const Array& a, const Array& b, const Array& out);
void binary(Binary op, const Array& a, const Array& b, const Array& out);
void binary_number(Binary op, const Array& in, const Number& number, const Array& out);

void reduce(Reduction op, const Array& in, double divisor, const Array& out);
void arg_extreme(Extreme which, const Array& in, const Array& out);

void gather(const Array& in, const Array& index, const Array& out);
void scatter_add(const Array& in, const Array& index, const Array& out);
std::int64_t first_outside(const Array& index, std::int64_t limit);
bool all_finite(const Array& in);

void gemm(const Gemm& gemm);

void conv2d(const Conv2dShape& shape, const void* x, const void* weight, const void* bias,
            bool relu, void* y);
void conv2d_input_grad(const Conv2dShape& shape, const void* grad_y, const void* weight,
                       void* grad_x);
void conv2d_weight_grad(const Conv2dShape& shape, const void* x, const void* grad_y,
                        void* grad_weight);

void batch_norm_statistics(DType dtype, std::int64_t rows, std::int64_t channels, const void* x,
                           double* mean, double* variance);
void batch_norm_running(const BatchNormRunning& update);
void batch_norm(const BatchNormCall& call, void* y);
void batch_norm_grad(const BatchNormCall& call, const BatchNormGrad& grad);

void max_pool2d(const MaxPool2dShape& shape, const void* x, void* offsets, void* y);
void max_pool2d_grad(const MaxPool2dShape& shape, const void* grad_y, const void* offsets,
                     void* grad_x);
void avg_pool2d(const AvgPool2dShape& shape, const void* x, void* y);
void avg_pool2d_grad(const AvgPool2dShape& shape, const void* grad_y, void* grad_x);

std::int64_t cross_entropy(const Array& logits, const Array& targets, const Array& loss,
                           const Array& normalizers);
void cross_entropy_grad(const Array& logits, const Array& targets, const Array& normalizers,
                        const Array& grad, const Array& out);
void add_class_sums(const Array& logits, const Array& targets, const Array& loss,
                    const Array& sums);

void dropout(const Array& in, double p, const Generator& at, const Array& out, const Array& mask);
void relu_dropout_grad(const Array& result, const Array& grad, double scale, const Array& out);
void masked_scale(const Array& in, const Array& mask, double scale, const Array& out);
void uniform(const Array& out, double low, double high, const Generator& at);
void normal(const Array& out, double mean, double deviation, const Generator& at);

}  // namespace plastic::cpu
