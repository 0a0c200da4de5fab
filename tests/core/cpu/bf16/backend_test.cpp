// What the CPU's device does with bf16 besides products: pieces that are widened, kernels that read
// it themselves.
#include "core/cpu/bf16/backend.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/cpu/bf16/pieces.h"
#include "core/cpu/level.h"
#include "core/tensor/layout.h"
#include "core/tensor/tensor_impl.h"
#include "plastic/core/autograd.h"
#include "plastic/core/memory.h"
#include "plastic/core/ops.h"
#include "plastic/core/random.h"
#include "tests/core/cpu/bf16/kernels.h"
#include "tests/support/thread_count.h"

namespace plastic::test {
namespace {

constexpr DType bf16 = DType::bf16;

Tensor random(const Shape& shape, std::uint64_t seed) {
  Generator generator{.seed = seed};
  return uniform(shape, -2, 2, generator).to(bf16);
}

/// The bits of a tensor of bf16, in row-major order.
std::vector<std::uint16_t> bits(const Tensor& tensor) {
  const Tensor dense = tensor.detach().contiguous();
  const auto* first = array_of(dense).as<const bfloat16>();
  std::vector<std::uint16_t> out;
  for (std::int64_t i = 0; i < dense.numel(); ++i) out.push_back(first[i].bits);
  return out;
}

/// f of narrow operands against f of the same numbers in f32, rounded.
template <class F>
void check_rounded_once(const F& f, const std::vector<Tensor>& narrow) {
  std::vector<Tensor> wide;
  for (const Tensor& tensor : narrow) wide.push_back(tensor.to(DType::f32));
  const Tensor actual = f(narrow);
  CHECK(actual.dtype() == bf16);
  CHECK(bits(actual) == bits(f(wide).to(bf16)));
}

// Larger than a piece, along every axis.
const Shape sizes[] = {{3 * cpu::piece_elements + 5}, {7, 5, 1031}, {2, 40000, 3}, {70000, 1}};

TEST_CASE("core.bf16.backend.functions_of_elements_in_pieces") {
  for (const Shape& shape : sizes) {
    CAPTURE(to_string(shape));
    REQUIRE(shape.numel() > 2 * cpu::piece_elements);
    const Tensor x = random(shape, 1);
    const Tensor y = random(shape, 2);
    const Tensor row = random({shape.back()}, 3);
    using Given = const std::vector<Tensor>&;
    check_rounded_once([](Given t) { return exp(t[0]); }, {x});
    check_rounded_once([](Given t) { return t[0] * t[1]; }, {x, y});
    check_rounded_once([](Given t) { return t[0] + t[1]; }, {x, y});
    check_rounded_once([](Given t) { return t[0] - t[1]; }, {x, row});
    check_rounded_once([](Given t) { return t[0] * 1.7; }, {x});
    check_rounded_once([](Given t) { return where(t[0] > t[1], t[0], t[1] * 3); }, {x, y});
    if (shape.rank() < 2) continue;
    // Layouts that differ, and holes.
    const auto flipped = [](const Tensor& t) { return t.transpose(0, t.rank() - 1); };
    check_rounded_once([](Given t) { return t[0] + t[1]; }, {flipped(x), flipped(y).contiguous()});
    const Tensor part = x.slice(0, 1, x.size(0));
    check_rounded_once([](Given t) { return t[0] / 3; }, {part});
    Tensor in_place = x.clone();
    in_place.slice(0, 1, x.size(0)).mul_(2);
    CHECK(bits(in_place.slice(0, 0, 1)) == bits(x.slice(0, 0, 1)));
    CHECK(bits(in_place.slice(0, 1, x.size(0))) == bits(part * 2));
  }
}

TEST_CASE("core.bf16.backend.same_bits_for_any_number_of_threads") {
  const Tensor x = random({7, 5, 1031}, 1);
  const auto with = [&](int threads) {
    const ThreadCount count(threads);
    return bits(exp(x.transpose(0, 2)) * x.transpose(0, 2));
  };
  CHECK(with(1) == with(5));
}

TEST_CASE("core.bf16.backend.images_in_pieces") {
  // -1, 0 and 1, whose sums are exact.
  const auto integers = [](const Shape& shape, std::uint64_t seed) {
    return round(random(shape, seed).to(DType::f32) * 0.7).to(bf16);
  };
  const Shape shape{5, 8, 120, 128};
  REQUIRE(shape.numel() > cpu::min_image_piece);
  const auto run = [&](DType dtype) {
    const auto given = [&](const Tensor& t) { return t.to(dtype).set_requires_grad(); };
    const Tensor x = given(channels_last(integers(shape, 1)));
    const Tensor weight = given(integers({4, 8, 3, 3}, 2));
    const Tensor bias = given(integers({4}, 3));
    const Tensor y = max_pool2d(conv2d(x, weight, bias, {.padding = {1, 1}}), {.kernel = {2, 2}});
    const Tensor z = avg_pool2d(y, {.kernel = {2, 2}});
    z.backward(integers(z.shape(), 4).to(dtype));
    return std::vector<Tensor>{y, x.grad(), weight.grad()};
  };
  const std::vector<Tensor> narrow = run(bf16);
  const std::vector<Tensor> wide = run(DType::f32);
  for (std::size_t i = 0; i < narrow.size(); ++i) {
    CAPTURE(i);
    CHECK(narrow[i].dtype() == bf16);
    const auto a = narrow[i].to(DType::f32).to_vector<float>();
    const auto b = wide[i].to(bf16).to(DType::f32).to_vector<float>();
    CHECK(a == b);
  }
}

// Windows that overlap, whose gradients are added.
TEST_CASE("core.bf16.backend.max_pool_rounds_once") {
  for (const bool last : {false, true}) {
    const auto run = [&](DType dtype) {
      const Tensor given = random({3, 37, 9, 8}, 1);
      const Tensor x = (last ? channels_last(given) : given).to(dtype).detach().set_requires_grad();
      const Tensor y = max_pool2d(x, {.kernel = {3, 3}, .stride = {{1, 1}}, .padding = {1, 1}});
      y.backward(random(y.shape(), 2).to(dtype));
      return std::pair(bits(y.to(bf16)), bits(x.grad().to(bf16)));
    };
    CHECK(run(bf16) == run(DType::f32));
  }
}

TEST_CASE("core.bf16.backend.batch_norm_rounds_once") {
  const Shape shape{6, 5, 7, 9};
  Generator generator{.seed = 3};
  const Tensor weight = uniform({5}, 0.5, 1.5, generator), bias = uniform({5}, -1, 1, generator);
  const Tensor g = random(shape, 4);
  for (const bool with_skip : {false, true}) {
    for (const Activation activation : {Activation::none, Activation::relu}) {
      CAPTURE(with_skip);
      const auto run = [&](DType dtype) {
        const Tensor x = random(shape, 1).to(dtype).set_requires_grad();
        const Tensor skip = with_skip ? random(shape, 2).to(dtype).set_requires_grad() : Tensor();
        const Tensor w = weight.clone().set_requires_grad();
        const Tensor y = batch_norm(x, w, bias, {}, {}, {.skip = skip, .activation = activation});
        // What relu let pass is told by the rounded result, in both.
        y.backward(g.to(dtype));
        std::vector<Tensor> out{y.to(bf16)};
        if (!with_skip) out.push_back(x.grad().to(bf16));
        if (with_skip) out.push_back(skip.grad().to(bf16));
        return std::pair(out, w.grad().to_vector<float>());
      };
      const auto narrow = run(bf16);
      const auto wide = run(DType::f32);
      for (std::size_t i = 0; i < narrow.first.size(); ++i) {
        CHECK(bits(narrow.first[i]) == bits(wide.first[i]));
      }
      CHECK(narrow.second == wide.second);
    }
  }
}

/// Results and gradients of a convolution of these numbers in `dtype`, rounded to bf16.
std::vector<std::vector<std::uint16_t>> convolved(const std::vector<Tensor>& given, DType dtype,
                                                  const Conv2dOptions& options) {
  const auto in_dtype = [&](const Tensor& t) { return t.to(dtype).detach().set_requires_grad(); };
  const Tensor x = in_dtype(channels_last(given[0])), weight = in_dtype(given[1]),
               bias = in_dtype(given[2]);
  const Tensor y = conv2d(x, weight, bias, options);
  y.backward(channels_last(random(y.shape(), 9)).to(dtype));
  return {bits(y.to(bf16)), bits(x.grad().to(bf16)), bits(weight.grad().to(bf16))};
}

// Winograd's transforms of bf16 are those of the same numbers in f32: tiles that reach beyond the
// image, channels that are no whole vectors, tiles with outliers, kernels that cannot be
// transformed.
TEST_CASE("core.bf16.backend.winograd_widens_and_rounds") {
  // There products of bf16 compute these.
  if (cpu::level() == cpu::Level::amx) return;
  struct Case {
    std::int64_t batch, in, out, height, width, padding;
  };
  for (const Case& c :
       {Case{5, 16, 24, 13, 12, 1}, Case{2, 33, 17, 20, 18, 0}, Case{3, 64, 48, 16, 16, 2}}) {
    CAPTURE(c.in);
    const Conv2dOptions options{.padding = {c.padding, c.padding}};
    const std::vector<Tensor> usual{random({c.batch, c.in, c.height, c.width}, 1),
                                    random({c.out, c.in, 3, 3}, 2), random({c.out}, 3)};
    const auto check = [&](const std::vector<Tensor>& given) {
      const auto narrow = convolved(given, bf16, options);
      const auto wide = convolved(given, DType::f32, options);
      for (std::size_t i = 0; i < narrow.size(); ++i) {
        CAPTURE(i);
        CHECK(narrow[i] == wide[i]);
      }
    };
    check(usual);
    const auto with = [&](std::size_t which, float value) {
      std::vector<Tensor> given = usual;
      given[which] = given[which].clone();
      given[which].slice(0, 1, 2).slice(1, 2, 3).slice(2, 1, 2).slice(3, 1, 2).fill_(value);
      return given;
    };
    check(with(0, 1e5F));
    check(with(0, std::numeric_limits<float>::infinity()));
    check(with(1, 1e30F));
  }
}

// Winograd's images are handed to the pool one after the other, with the same bits.
TEST_CASE("core.bf16.backend.images_are_pooled_as_they_are_convolved") {
  const auto run = [](bool together) {
    const Tensor x = channels_last(random({40, 16, 11, 12}, 1)).detach().set_requires_grad();
    const Tensor weight = random({32, 16, 3, 3}, 2).detach().set_requires_grad();
    const Tensor bias = random({32}, 3).detach().set_requires_grad();
    Conv2dOptions options{.padding = {1, 1}, .activation = Activation::relu};
    if (together) options.max_pool = MaxPool2dOptions{};
    const Tensor y = conv2d(x, weight, bias, options);
    const Tensor pooled = together ? y : max_pool2d(y, {});
    pooled.backward(random(pooled.shape(), 4));
    return std::vector{bits(pooled), bits(x.grad()), bits(weight.grad())};
  };
  CHECK(run(true) == run(false));
}

/// Counts what it is asked for, and does it or not.
class CountingProducts final : public cpu::Bf16Products {
 public:
  explicit CountingProducts(bool takes) : takes_(takes) {}

  bool beat_winograd() const override { return takes_; }
  void gemm(const Gemm&) override { ++calls; }
  bool conv2d(const Conv2dShape&, const void*, const void*, const void*, bool, void*) override {
    return take();
  }
  bool conv2d_input_grad(const Conv2dShape&, const void*, const void*, void*) override {
    return take();
  }
  bool conv2d_weight_grad(const Conv2dShape&, const void*, const void*, void*) override {
    return take();
  }

  int calls = 0;

 private:
  bool take() {
    ++calls;
    return takes_;
  }

  bool takes_;
};

TEST_CASE("core.bf16.backend.convolutions_are_the_products_if_they_take_them") {
  const Conv2dShape s{.dtype = bf16,
                      .batch = 1,
                      .in_channels = 2,
                      .in_height = 2,
                      .in_width = 2,
                      .out_channels = 2,
                      .out_height = 2,
                      .out_width = 2};
  const std::vector<bfloat16> ones(8, bfloat16(1.0F));
  for (const bool takes : {false, true}) {
    CAPTURE(takes);
    CountingProducts products(takes);
    const auto device = cpu::with_bf16(cpu_backend(), products);
    const auto check = [&](const auto& pass, float expected) {
      std::vector<bfloat16> out(8, bfloat16(0.0F));
      pass(out.data());
      CHECK(float{out[0]} == (takes ? 0 : expected));
    };
    check([&](void* y) { device->conv2d(s, ones.data(), ones.data(), nullptr, false, y); }, 2);
    check([&](void* x) { device->conv2d_input_grad(s, ones.data(), ones.data(), x); }, 2);
    check([&](void* w) { device->conv2d_weight_grad(s, ones.data(), ones.data(), w); }, 4);
    CHECK(products.calls == 3);
    device->gemm({.dtype = bf16});
    CHECK(products.calls == 4);
    device->gemm({.dtype = DType::f32});
    CHECK(products.calls == 4);
  }
}

}  // namespace
}  // namespace plastic::test
