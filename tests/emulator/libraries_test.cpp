// What cuda/ asks of cuBLASLt and cuDNN, seen from their side.
#include "tests/emulator/libraries.h"

#include <cublasLt.h>

#include <iostream>
#include <sstream>

#include "core/device/backend.h"
#include "cuda/conv/cudnn_graph.h"
#include "cuda/runtime/library_use.h"
#include "plastic/core/deterministic.h"
#include "plastic/core/ops.h"
#include "plastic/core/ops/conv2d.h"
#include "plastic/core/precision.h"
#include "plastic/core/random.h"
#include "plastic/core/recording.h"
#include "plastic/core/tensor.h"
#include "tests/cuda/convolution.h"
#include "tests/cuda/device.h"

namespace plastic::test {
namespace {

using emulator::blas;
using emulator::dnn;

/// Gives the libraries and what is asked of them back as they were.
class Restored {
 public:
  ~Restored() {
    set_precision(precision_);
    set_deterministic(deterministic_);
    blas().refuses_epilogues = false;
    blas().fails_epilogues = false;
    blas().failing_algorithms = 0;
    dnn().is_missing = false;
    dnn().refuses_everything = false;
  }

 private:
  Precision precision_ = precision();
  bool deterministic_ = deterministic();
};

Tensor numbers(const Shape& shape, std::uint64_t seed = 1) {
  Generator generator{.seed = seed};
  return uniform(shape, -1, 1, generator).to(cuda_device);
}

TEST_CASE("cuda.gemm.chooses_an_algorithm_once") {
  const Tensor x = numbers({24, 16});
  matmul(x, x.transpose(0, 1));
  const emulator::Blas before = blas();
  // The fastest of those offered.
  CHECK(before.algorithm == 2);
  matmul(x, x.transpose(0, 1));
  CHECK(blas().heuristics == before.heuristics);
  CHECK(blas().products == before.products + 1);
  CHECK(blas().algorithm == 2);
}

TEST_CASE("cuda.gemm.takes_the_first_algorithm_where_results_must_not_depend_on_timing") {
  const Restored restored;
  set_deterministic(true);
  const Tensor x = numbers({23, 16});
  const int products = blas().products;
  matmul(x, x.transpose(0, 1));
  CHECK(blas().algorithm == 0);
  CHECK(blas().products == products + 1);
}

TEST_CASE("cuda.gemm.unaligned_factors_get_an_algorithm_that_can_read_them") {
  const Tensor memory = numbers({401});
  const Tensor aligned = memory.slice(0, 0, 400).reshape({20, 20});
  const Tensor unaligned = memory.slice(0, 1, 401).reshape({20, 20});
  matmul(aligned, aligned);
  CHECK(blas().algorithm == 2);
  matmul(aligned, unaligned);
  CHECK(blas().algorithm == 3);
  matmul(unaligned, aligned);
  CHECK(blas().algorithm == 3);
}

TEST_CASE("cuda.gemm.fuses_bias_and_relu_where_it_can") {
  const Restored restored;
  const Tensor x = numbers({5, 7});
  const Tensor weight = numbers({6, 7});
  const Tensor bias = numbers({6});
  Generator generator;
  linear(x, weight, bias);
  CHECK(blas().epilogue == CUBLASLT_EPILOGUE_BIAS);
  linear_relu_dropout(x, weight, bias, 0, generator);
  CHECK(blas().epilogue == CUBLASLT_EPILOGUE_RELU_BIAS);
  linear_relu_dropout(x, weight, {}, 0, generator);
  CHECK(blas().epilogue == CUBLASLT_EPILOGUE_RELU);
  matmul(x, weight.transpose(0, 1));
  CHECK(blas().epilogue == CUBLASLT_EPILOGUE_DEFAULT);
}

TEST_CASE("cuda.gemm.adds_the_bias_itself_where_no_algorithm_does") {
  const Restored restored;
  blas().refuses_epilogues = true;
  const Tensor x = numbers({5, 9});
  const Tensor weight = numbers({6, 9});
  const Tensor bias = numbers({6});
  const std::vector<float> actual = linear(x, weight, bias).to(Device{}).to_vector<float>();
  CHECK(blas().epilogue == CUBLASLT_EPILOGUE_DEFAULT);
  const Tensor expected = linear(x.to(Device{}), weight.to(Device{}), bias.to(Device{}));
  CHECK(actual == expected.to_vector<float>());
}

/// linear() on both devices, bit for bit.
void check_linear(std::int64_t width, const Tensor& bias) {
  const Tensor x = numbers({5, width});
  const Tensor weight = numbers({6, width}, 2);
  const Tensor expected = linear(x.to(Device{}), weight.to(Device{}), bias.to(Device{}));
  CHECK(linear(x, weight, bias).to(Device{}).to_vector<float>() == expected.to_vector<float>());
}

TEST_CASE("cuda.gemm.a_bias_that_is_not_aligned_is_not_fused") {
  const Tensor memory = numbers({16});
  check_linear(11, memory.slice(0, 4, 10));
  CHECK(blas().epilogue == CUBLASLT_EPILOGUE_BIAS);
  check_linear(11, memory.slice(0, 1, 7));
  CHECK(blas().epilogue == CUBLASLT_EPILOGUE_DEFAULT);
}

TEST_CASE("cuda.gemm.takes_the_next_algorithm_and_then_the_plain_product_where_one_fails") {
  const Restored restored;
  const Tensor bias = numbers({6});
  for (const bool only_first : {false, true}) {
    set_deterministic(only_first);
    const std::int64_t width = only_first ? 31 : 41;
    blas().failing_algorithms = 1;
    check_linear(width, bias);
    CHECK(blas().algorithm == (only_first ? 1 : 2));
    CHECK(blas().epilogue == CUBLASLT_EPILOGUE_BIAS);
    blas().fails_epilogues = true;
    check_linear(width + 1, bias);
    CHECK(blas().epilogue == CUBLASLT_EPILOGUE_DEFAULT);
    blas().fails_epilogues = false;
    blas().failing_algorithms = 4;
    CHECK_THROWS_WITH_AS(linear(numbers({4, width}), numbers({6, width}), bias),
                         doctest::Contains("EXECUTION_FAILED"), Error);
  }
}

TEST_CASE("cuda.gemm.what_was_tuned_is_not_taken_where_results_must_not_depend_on_timing") {
  const Restored restored;
  const Tensor x = numbers({22, 16});
  matmul(x, x.transpose(0, 1));
  CHECK(blas().algorithm == 2);
  set_deterministic(true);
  matmul(x, x.transpose(0, 1));
  CHECK(blas().algorithm == 0);
}

TEST_CASE("cuda.gemm.parts_of_bf16_sums_are_not_rounded") {
  const Tensor x = numbers({8, 12});
  matmul(x, x.transpose(0, 1));
  CHECK(blas().reduction_schemes == 7);
  matmul(x.to(DType::bf16), x.to(DType::bf16).transpose(0, 1));
  CHECK(blas().reduction_schemes == CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE);
}

TEST_CASE("cuda.gemm.computes_in_the_precision_that_is_asked_for") {
  const Restored restored;
  const Tensor x = numbers({8, 8});
  matmul(x, x);
  CHECK(blas().compute_type == CUBLAS_COMPUTE_32F);
  set_precision(Precision::tf32);
  matmul(x, x);
  CHECK(blas().compute_type == CUBLAS_COMPUTE_32F_FAST_TF32);
  matmul(x.to(DType::f64), x.to(DType::f64));
  CHECK(blas().compute_type == CUBLAS_COMPUTE_64F);
  matmul(x.to(DType::bf16), x.to(DType::bf16));
  CHECK(blas().compute_type == CUBLAS_COMPUTE_32F);
}

/// A convolution that no other test uses.
ConvTry convolution(std::int64_t width) {
  return {.batch = 2,
          .channels = 3,
          .height = 4,
          .width = width,
          .out_channels = 5,
          .kernel_height = 3,
          .kernel_width = 3};
}

TEST_CASE("cuda.conv2d.tunes_a_shape_once") {
  const Tensor x = numbers({2, 3, 4, 11});
  const Tensor weight = numbers({5, 3, 3, 3});
  conv2d(x, weight);
  const emulator::Dnn before = dnn();
  CHECK(before.engine == 7);
  conv2d(x, weight);
  CHECK(dnn().plans == before.plans);
  CHECK(dnn().executions == before.executions + 1);
  CHECK(dnn().engine == 7);
}

TEST_CASE("cuda.conv2d.takes_the_first_engine_where_results_must_not_depend_on_timing") {
  const Restored restored;
  set_deterministic(true);
  check_convolution(convolution(12), DType::f32, 2e-5);
  CHECK(dnn().engine == 6);
}

TEST_CASE("cuda.conv2d.uses_tensor_cores_only_where_tf32_is_asked_for") {
  const Restored restored;
  check_convolution(convolution(13), DType::f32, 2e-5);
  CHECK(dnn().engine == 7);
  set_precision(Precision::tf32);
  check_convolution(convolution(13), DType::f32, 2e-5);
  CHECK(dnn().engine == 1);
}

TEST_CASE("cuda.conv2d.uses_tensor_cores_for_bf16") {
  check_convolution(convolution(13), DType::bf16, 1e-2);
  CHECK(dnn().engine == 1);
}

TEST_CASE("cuda.conv2d.goes_without_cudnn") {
  const Restored restored;
  const int executions = dnn().executions;
  dnn().is_missing = true;
  for (const ConvTry& shape : conv_tries()) {
    check_convolution(shape, DType::f32, 2e-5);
    check_convolution(shape, DType::bf16, 1e-2);
  }
  CHECK(dnn().executions == executions);
}

TEST_CASE("cuda.conv2d.goes_without_a_plan") {
  const Restored restored;
  dnn().refuses_everything = true;
  const int executions = dnn().executions;
  check_convolution(convolution(14), DType::f32, 2e-5);
  CHECK(dnn().executions == executions);
}

/// What is written to std::cerr while it lives.
class Said {
 public:
  Said() : before_(std::cerr.rdbuf(text_.rdbuf())) {}
  ~Said() { std::cerr.rdbuf(before_); }
  std::string text() const { return text_.str(); }

 private:
  std::ostringstream text_;
  std::streambuf* before_;
};

TEST_CASE("cuda.conv2d.names_a_shape_without_a_plan_once") {
  const Restored restored;
  dnn().refuses_everything = true;
  const Tensor x = numbers({2, 3, 4, 17});
  const Tensor weight = numbers({5, 3, 3, 3});
  const cuda::LibraryUse before = cuda::library_use();
  const Said said;
  conv2d(x, weight);
  conv2d(x, weight);
  CHECK(said.text() ==
        "plastic: [conv2d] cuDNN has nothing for the convolution of (2, 3, 4, 17) with (5, 3, 3, "
        "3) in f32: it runs on direct kernels, which are far slower\n");
  CHECK(cuda::library_use().direct_convolutions == before.direct_convolutions + 2);
  CHECK(cuda::library_use().convolutions == before.convolutions);
}

TEST_CASE("cuda.conv2d.cudnns_own_words_are_in_the_message") {
  CHECK_THROWS_WITH_AS(
      cuda::cudnn_graph::check(CUDNN_STATUS_BAD_PARAM, "cudnnCreate"),
      "[cuda] cudnnCreate: CUDNN_STATUS_BAD_PARAM, the emulator has no more to say", Error);
}

TEST_CASE("cuda.conv2d.an_unseen_shape_cannot_be_recorded") {
  const Restored restored;
  Generator generator;
  const Tensor x = numbers({2, 3, 4, 15});
  const Tensor weight = numbers({5, 3, 3, 3});
  CHECK_THROWS_WITH_AS(Recording(cuda_device, generator, [&] { conv2d(x, weight); }),
                       doctest::Contains("(2, 3, 4, 15) with (5, 3, 3, 3) was not tuned before"),
                       Error);
  conv2d(x, weight);
  CHECK_NOTHROW(Recording(cuda_device, generator, [&] { conv2d(x, weight); }));
}

TEST_CASE("cuda.conv2d.a_recorded_step_keeps_its_workspace") {
  Generator generator{.seed = 4};
  const Tensor x = numbers({2, 3, 4, 16});
  const Tensor weight = numbers({5, 3, 3, 3});
  const std::vector<float> expected =
      conv2d(x, weight).to(Device{}).contiguous().to_vector<float>();
  Tensor y;
  Recording recording(cuda_device, generator, [&] { y = conv2d(x, weight); });
  // Filters that need a larger workspace than anything before, and others that would then find
  // themselves in the smaller one.
  conv2d(numbers({1, 512, 3, 3}), numbers({1100, 512, 3, 3})).to(Device{});
  std::vector<Tensor> others;
  for (int i = 0; i < 8; ++i) others.push_back(Tensor::full({1 << 18}, 7, {.device = cuda_device}));
  recording.repeat();
  CHECK(y.to(Device{}).contiguous().to_vector<float>() == expected);
  for (const Tensor& other : others)
    CHECK(other.to_vector<float>() == std::vector<float>(1 << 18, 7));
}

}  // namespace
}  // namespace plastic::test
