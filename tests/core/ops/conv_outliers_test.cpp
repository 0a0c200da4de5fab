// A value that is not finite, or very much larger than its neighbours, reaches the outputs whose
// windows hold it and no others, whatever the algorithm.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "plastic/core/autograd.h"
#include "plastic/core/conv_algorithm.h"
#include "plastic/core/device.h"
#include "plastic/core/ops.h"
#include "plastic/core/random.h"

namespace plastic {
namespace {

constexpr float inf = std::numeric_limits<float>::infinity();
constexpr ConvAlgorithm checked[] = {ConvAlgorithm::automatic, ConvAlgorithm::im2row,
                                     ConvAlgorithm::winograd2, ConvAlgorithm::winograd4};

struct Results {
  Tensor y, grad_x, grad_w;
};

Results results(ConvAlgorithm algorithm, const Tensor& x, const Tensor& w, const Tensor& grad,
                std::int64_t padding) {
  set_conv_algorithm(algorithm);
  const Tensor image = x.detach().clone().set_requires_grad();
  const Tensor weight = w.detach().clone().set_requires_grad();
  const Tensor y = conv2d(image, weight, {}, {.padding = {padding, padding}});
  y.backward(grad);
  set_conv_algorithm(ConvAlgorithm::automatic);
  return {y.detach(), image.grad(), weight.grad()};
}

/// How far `actual` is from `expected`, in shares of what was added up there, but at least a
/// hundredth of what is usual; infinite where only one is a number.
double worst(const Tensor& actual, const Tensor& expected, const Tensor& summed) {
  const auto a = actual.to_vector<float>(), e = expected.to_vector<float>();
  const auto s = summed.to_vector<float>();
  auto sorted = s;
  std::nth_element(sorted.begin(), sorted.begin() + std::ssize(sorted) / 2, sorted.end());
  const float floor = sorted[sorted.size() / 2] / 100;
  double out = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (std::isfinite(e[i]) != std::isfinite(a[i])) return inf;
    if (!std::isfinite(e[i]) || a[i] == e[i]) continue;
    const auto difference = static_cast<double>(std::fabs(a[i] - e[i]));
    out = std::max(out, difference / static_cast<double>(std::max(s[i], floor)));
  }
  return out;
}

void check(const Tensor& x, const Tensor& w, const Tensor& grad, std::int64_t padding = 1,
           ConvAlgorithm reference = ConvAlgorithm::direct) {
  const Results expected = results(reference, x, w, grad, padding);
  const Results summed = results(ConvAlgorithm::direct, abs(x), abs(w), abs(grad), padding);
  for (const ConvAlgorithm algorithm : checked) {
    INFO(std::string(name_of(algorithm)));
    const Results actual = results(algorithm, x, w, grad, padding);
    CHECK(worst(actual.y, expected.y, summed.y) < 1e-4);
    CHECK(worst(actual.grad_x, expected.grad_x, summed.grad_x) < 1e-4);
    CHECK(worst(actual.grad_w, expected.grad_w, summed.grad_w) < 1e-4);
  }
}

struct Case {
  Tensor x, w, grad;
};

Case random_case(std::int64_t images, std::int64_t height, std::int64_t width) {
  Generator generator{.seed = 3};
  return {uniform({images, 16, height, width}, 0.5, 1, generator),
          uniform({18, 16, 3, 3}, 0.5, 1, generator),
          uniform({images, 18, height, width}, 0.5, 1, generator)};
}

float& at(Tensor& t, std::int64_t n, std::int64_t c, std::int64_t h, std::int64_t w) {
  return t.mutable_data<float>()[((n * t.size(1) + c) * t.size(2) + h) * t.size(3) + w];
}

TEST_CASE("core.ops.conv_outliers.in_the_input") {
  for (const float odd : {inf, -inf, NAN, 1e8F, 1e5F, 3e3F, 1e30F}) {
    CAPTURE(odd);
    // Whole tiles, tiles that reach over the edge, one tile alone.
    for (const auto& [height, width] : {std::pair{12, 12}, std::pair{14, 9}, std::pair{4, 4}}) {
      CAPTURE(height);
      for (const std::int64_t row : {0, 3}) {
        Case c = random_case(2, height, width);
        at(c.x, 1, 5, row, 2) = odd;
        // The gradient of the weights keeps to what the outlier meets, too: nothing here.
        for (std::int64_t o = 0; o < 18; ++o) {
          for (std::int64_t i = std::max<std::int64_t>(0, row - 1); i <= row + 1 && i < height;
               ++i) {
            for (std::int64_t j = 1; j <= 3; ++j) {
              if (std::isfinite(odd)) at(c.grad, 1, o, i, j) = 0;
            }
          }
        }
        check(c.x, c.w, c.grad);
      }
    }
  }
}

TEST_CASE("core.ops.conv_outliers.whole_pixels_and_rows") {
  Case c = random_case(1, 12, 12);
  for (std::int64_t k = 0; k < 16; ++k) at(c.x, 0, k, 6, 6) = 1e8F;
  check(c.x, c.w, c.grad);
  // An edge between two scales.
  for (std::int64_t k = 0; k < 16; ++k) {
    for (std::int64_t i = 0; i < 12; ++i) {
      for (std::int64_t j = 0; j < 5; ++j) at(c.x, 0, k, i, j) = 1e7F;
    }
  }
  check(c.x, c.w, c.grad);
}

TEST_CASE("core.ops.conv_outliers.among_zeros") {
  Case c = random_case(1, 8, 8);
  c.x.fill_(0);
  at(c.x, 0, 0, 1, 1) = 1e8F;
  c.grad.fill_(0);
  at(c.grad, 0, 3, 6, 6) = 1e20F;
  check(c.x, c.w, c.grad);
  check(c.x, c.w, c.grad * 0.0);
}

TEST_CASE("core.ops.conv_outliers.in_the_gradient") {
  for (const float odd : {inf, NAN, 1e8F}) {
    CAPTURE(odd);
    for (const std::int64_t padding : {0, 1, 2}) {
      Case c = random_case(2, 9, 11);
      Tensor grad = Tensor::ones({2, 18, 7 + 2 * padding, 9 + 2 * padding});
      at(grad, 0, 17, 2, 3) = odd;
      check(c.x, c.w, grad, padding);
    }
  }
}

TEST_CASE("core.ops.conv_outliers.in_the_weights") {
  for (const float odd : {inf, NAN, 1e20F}) {
    CAPTURE(odd);
    Case c = random_case(1, 8, 8);
    at(c.w, 2, 3, 0, 1) = odd;
    // Where the odd tap meets a zero of the input, a finite one does not show.
    if (std::isfinite(odd)) {
      for (std::int64_t j = 0; j < 8; ++j) at(c.x, 0, 3, 2, j) = 0;
    }
    // Where the tap meets the padding, its zeros give NaN, as PyTorch's do; `direct` leaves them
    // out.
    check(c.x, c.w, c.grad, 1, ConvAlgorithm::im2row);
  }
}

TEST_CASE("core.ops.conv_outliers.usual_values_take_the_fast_way") {
  // What is usual is compared with each image itself: the scale of others does not matter.
  Case c = random_case(2, 12, 12);
  Tensor scaled = c.x.detach().clone();
  scaled.slice(0, 1, 2).copy_(c.x.slice(0, 1, 2) * 1024.0);
  const auto y = [&](const Tensor& x) {
    set_conv_algorithm(ConvAlgorithm::winograd4);
    const Tensor out = conv2d(x, c.w, {}, {.padding = {1, 1}});
    set_conv_algorithm(ConvAlgorithm::automatic);
    return out;
  };
  const Tensor one = y(c.x).slice(0, 1, 2) * 1024.0, other = y(scaled).slice(0, 1, 2);
  CHECK(one.to_vector<float>() == other.to_vector<float>());
  // The same bits for any number of threads, with outliers as without.
  at(c.x, 0, 5, 3, 3) = 1e8F;
  const int threads = num_threads();
  set_num_threads(1);
  const auto alone = y(c.x).to_vector<float>();
  set_num_threads(3);
  CHECK(y(c.x).to_vector<float>() == alone);
  set_num_threads(threads);
}

}  // namespace
}  // namespace plastic
