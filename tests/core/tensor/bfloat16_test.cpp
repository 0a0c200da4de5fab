#include "core/tensor/bfloat16.h"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "core/autograd/gradient_slot.h"
#include "core/tensor/layout.h"
#include "core/tensor/tensor_impl.h"
#include "plastic/core/autograd.h"
#include "plastic/core/error.h"
#include "plastic/core/ops.h"
#include "plastic/core/random.h"
#include "plastic/optim/sgd.h"

namespace plastic {
namespace {

constexpr DType bf16 = DType::bf16;

float rounded(float value) { return bfloat16(value); }

TEST_CASE("core.bfloat16.rounds_to_nearest_even") {
  CHECK(bfloat16(1.0F).bits == 0x3F80);
  CHECK(bfloat16(-2.5).bits == 0xC020);
  CHECK(rounded(0x1.01p0F) == 0x1.00p0F);      // half way, down to even
  CHECK(rounded(0x1.03p0F) == 0x1.04p0F);      // half way, up to even
  CHECK(rounded(0x1.010002p0F) == 0x1.02p0F);  // just above half way
  CHECK(rounded(0x1.00FFFEp0F) == 0x1.00p0F);  // just below
  CHECK(rounded(0x1.FFp3F) == 0x1.00p4F);      // the carry goes into the exponent
  CHECK(rounded(0x1p-133F) == 0x1p-133F);      // the least subnormal
  CHECK(rounded(0x1p-134F) == 0);
  CHECK(std::signbit(rounded(-0.0F)));
}

TEST_CASE("core.bfloat16.limits") {
  const float infinity = std::numeric_limits<float>::infinity();
  CHECK(rounded(0x1.FEp127F) == 0x1.FEp127F);
  CHECK(rounded(std::numeric_limits<float>::max()) == infinity);
  CHECK(rounded(-infinity) == -infinity);
  CHECK(bfloat16(1e300) == infinity);
  for (const std::uint32_t bits : {0x7FC00000U, 0x7F800001U, 0xFF80FFFFU, 0x7FFFFFFFU}) {
    const float nan = std::bit_cast<float>(bits);
    CHECK(std::isnan(rounded(nan)));
    CHECK(std::signbit(rounded(nan)) == std::signbit(nan));
  }
}

TEST_CASE("core.bfloat16.every_value_survives") {
  for (std::uint32_t bits = 0; bits < 0x10000U; ++bits) {
    const auto value = std::bit_cast<bfloat16>(static_cast<std::uint16_t>(bits));
    if (std::isnan(float{value})) continue;
    if (bfloat16(float{value}).bits != bits) FAIL_CHECK(bits);
  }
}

TEST_CASE("core.bf16.tensors_are_kept_and_converted_on_the_cpu") {
  CHECK(size_of(bf16) == 2);
  CHECK(std::string(name_of(bf16)) == "bf16");
  CHECK(is_floating_point(bf16));
  const Tensor x = Tensor::of({1, 1.01F, -3, 0x1.03p0F}, {2, 2}).to(bf16);
  CHECK(x.dtype() == bf16);
  CHECK(x.to_vector<float>() == std::vector<float>{1, 0x1.02p0F, -3, 0x1.04p0F});
  CHECK_THROWS_WITH_AS(x.to_vector<double>(), doctest::Contains("holds bf16"), Error);
  CHECK_THROWS_WITH_AS(x.data<float>(), doctest::Contains("holds bf16, asked for f32"), Error);
  CHECK(array_of(x).as<bfloat16>()[1].bits == 0x3F81);
  CHECK(x.slice(0, 1, 2).slice(1, 0, 1).item() == -3);
  CHECK(x.to(DType::i64).to_vector<std::int64_t>() == std::vector<std::int64_t>{1, 1, -3, 1});
  CHECK(Tensor::full({2}, 0.1, {.dtype = bf16}).to_vector<float>() ==
        std::vector<float>(2, rounded(0.1F)));
  CHECK(Tensor::arange(3, {.dtype = bf16}).to_vector<float>() == std::vector<float>{0, 1, 2});
  CHECK(x.transpose(0, 1).contiguous().to_vector<float>() ==
        std::vector<float>{1, -3, 0x1.02p0F, 0x1.04p0F});
  CHECK(pad(x.slice(1, 0, 1), {1, 0}, 2).to_vector<float>() == std::vector<float>{2, 1, 2, -3});
  CHECK(concat(std::vector<Tensor>{x, x}, 0).shape() == Shape{4, 2});
  CHECK(to_string(Tensor::of({1, 2.5}, {2}).to(bf16)) == "bf16 (2,) on cpu: [1, 2.5]");
  Tensor target = Tensor::zeros({2, 2}, {.dtype = bf16});
  target.copy_(Tensor::of({1.01F}, {1}));
  CHECK(target.to_vector<float>() == std::vector<float>(4, 0x1.02p0F));
}

TEST_CASE("core.bf16.conversion_keeps_the_layout_and_rounds_every_element") {
  Generator generator{.seed = 4};
  const Tensor x = uniform({2, 3, 5, 7}, -9, 9, generator);
  for (const Tensor& in : {x, channels_last(x), x.transpose(2, 3)}) {
    const Tensor narrow = in.to(bf16);
    CHECK(is_channels_last(narrow) == is_channels_last(in));
    std::vector<float> expected = in.to_vector<float>();
    for (float& value : expected) value = rounded(value);
    CHECK(narrow.to_vector<float>() == expected);
    CHECK(narrow.to(DType::f32).to_vector<float>() == expected);
  }
}

TEST_CASE("core.bf16.conversion_is_differentiable") {
  Tensor x = Tensor::of({1, 2}, {2}).set_requires_grad();
  const Tensor y = x.to(bf16);
  CHECK(y.requires_grad());
  const Tensor g = Tensor::of({0.5F, 1.01F}, {2});
  {
    const DetectAnomaly detect;
    y.to(DType::f64).backward(g.to(DType::f64));
  }
  CHECK(x.grad().dtype() == DType::f32);
  CHECK(x.grad().to_vector<float>() == std::vector<float>{0.5F, 0x1.02p0F});
  Tensor narrow = Tensor::ones({2}, {.dtype = bf16, .requires_grad = true});
  narrow.to(DType::f32).backward(g);
  CHECK(narrow.grad().dtype() == bf16);
}

TEST_CASE("core.bf16.gradients_are_converted_into_the_slot") {
  Tensor x = Tensor::of({1, 2}, {2}).set_requires_grad();
  const Tensor slot = Tensor::zeros({2});
  x.impl()->grad_slot =
      std::make_shared<GradientSlot>(slot.impl()->storage, 0, DType::f32, Shape{2});
  x.to(bf16).to(DType::f32).backward(Tensor::of({3, 4}, {2}));
  CHECK(x.grad().data<float>() == slot.data<float>());
  CHECK(x.grad().to_vector<float>() == std::vector<float>{3, 4});
  // What is there already is added to.
  x.to(bf16).to(DType::f32).backward(Tensor::of({1, 1}, {2}));
  CHECK(x.grad().to_vector<float>() == std::vector<float>{4, 5});
}

TEST_CASE("core.bf16.random_numbers_are_not_drawn_in_it") {
  Generator generator;
  CHECK_THROWS_WITH_AS(uniform({2}, 0, 1, generator, bf16),
                       "[uniform] bf16 is not computed here; convert with .to(plastic::DType::f32)",
                       Error);
}

// What a strided or broadcast operand is widened to, and where a strided result goes.
TEST_CASE("core.bf16.operands_of_any_layout") {
  const Tensor x = Tensor::arange(12, {.dtype = bf16}).reshape({3, 4});
  CHECK(add(x.slice(1, 0, 2).slice(0, 0, 2), x.transpose(0, 1).slice(0, 0, 2).slice(1, 0, 2))
            .to_vector<float>() == std::vector<float>{0, 5, 5, 10});
  const Tensor row = Tensor::of({10, 20, 30, 40}, {4}).to(bf16);
  CHECK(add(x, row).to_vector<float>() ==
        std::vector<float>{10, 21, 32, 43, 14, 25, 36, 47, 18, 29, 40, 51});
  // Every second column alone is written.
  Tensor target = x.clone();
  Tensor columns = target.slice(1, 1, 3);
  columns.mul_(2);
  CHECK(target.to_vector<float>() == std::vector<float>{0, 2, 4, 3, 4, 10, 12, 7, 8, 18, 20, 11});
  CHECK(matmul(x.slice(1, 0, 3), x.slice(0, 0, 3).slice(1, 1, 3)).to_vector<float>() ==
        std::vector<float>{23, 26, 83, 98, 143, 170});
  CHECK(sum(Tensor::zeros({0, 3}, {.dtype = bf16}), {0}).to_vector<float>() ==
        std::vector<float>{0, 0, 0});
}

TEST_CASE("core.bf16.optimizers_refuse_it") {
  const Tensor x = Tensor::ones({2}, {.dtype = bf16, .requires_grad = true});
  CHECK_THROWS_WITH_AS(optim::Sgd({x}, {}), doctest::Contains("is bf16; optimizers need f32"),
                       Error);
}

}  // namespace
}  // namespace plastic
