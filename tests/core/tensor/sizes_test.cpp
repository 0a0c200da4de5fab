// Sizes that 64 bits cannot count with, or memory cannot hold: an Error everywhere, at once.
#include "core/tensor/sizes.h"

#include <doctest/doctest.h>

#include <array>
#include <functional>
#include <limits>

#include "plastic/core/error.h"
#include "plastic/core/ops.h"
#include "plastic/core/random.h"
#include "plastic/data/digits.h"
#include "plastic/data/loader.h"
#include "plastic/data/shapes.h"
#include "plastic/nn/conv.h"
#include "plastic/nn/embedding.h"
#include "plastic/nn/linear.h"
#include "tests/support/limits.h"

namespace plastic {
namespace {

constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t two_to_32 = std::int64_t{1} << 32;
constexpr std::int64_t two_to_40 = std::int64_t{1} << 40;
constexpr std::int64_t two_to_62 = std::int64_t{1} << 62;

/// 2·13·419·691·823·2977518503 is 10 more than 2^64.
const Shape wraps_to_10 = {2, 13, 419, 691, 823, 2977518503};

void check_all_refused(const std::vector<std::pair<const char*, std::function<void()>>>& calls) {
  for (const auto& [name, call] : calls) {
    CAPTURE(name);
    CHECK_THROWS_AS(call(), Error);
  }
}

TEST_CASE("core.sizes.helpers") {
  CHECK(element_count({2, 3}) == 6);
  CHECK(element_count({}) == 1);
  CHECK(element_count({0, 5}) == 0);
  CHECK(element_count({most}) == most);
  CHECK_FALSE(element_count(wraps_to_10));
  CHECK_FALSE(element_count({two_to_32, two_to_32, 0}));
  CHECK_FALSE(element_count({0, two_to_32, two_to_32}));
  CHECK_FALSE(element_count({-1}));
  CHECK_FALSE(element_count({-1, 0}));
  CHECK(checked_add("t", most, least) == -1);
  CHECK_THROWS_WITH_AS(checked_add("t", most, 1), doctest::Contains("[t] sizes are too large"),
                       Error);
  CHECK_THROWS_WITH_AS(checked_multiply("t", two_to_40, two_to_40), doctest::Contains("[t]"),
                       Error);
  std::vector<double> values;
  CHECK_THROWS_WITH_AS(reserve("t", values, most), doctest::Contains("[t] out of memory"), Error);
  if (test::is_sanitized()) {
    MESSAGE("skipped: a sanitizer ends the process where memory is out");
    return;
  }
  CHECK_THROWS_WITH_AS(reserve("t", values, two_to_40 << 5), doctest::Contains("times 8 bytes"),
                       Error);
}

TEST_CASE("core.sizes.shapes") {
  CHECK_THROWS_WITH_AS(wraps_to_10.numel(),
                       doctest::Contains("has more elements than can be counted"), Error);
  CHECK_THROWS_WITH_AS((Shape{2, -1}.numel()), "[shape] negative size in shape (2, -1)", Error);
  check_all_refused({
      {"empty", [] { Tensor::empty(wraps_to_10); }},
      {"empty of bytes", [] { Tensor::empty({two_to_62}, {.dtype = DType::i64}); }},
      {"empty without elements",
       [] {
         Tensor::empty({two_to_32, two_to_32, 0});
       }},
      {"empty without elements in front",
       [] {
         Tensor::empty({0, two_to_32, two_to_32});
       }},
      {"zeros",
       [] {
         Tensor::zeros({two_to_40, two_to_40});
       }},
      {"full", [] { Tensor::full({most}, 1); }},
      {"arange", [] { Tensor::arange(most); }},
      {"arange of bytes", [] { Tensor::arange(most, {.dtype = DType::u8}); }},
      {"arange below", [] { Tensor::arange(least); }},
      {"from",
       [] {
         Tensor::from(std::span<const float>(), {two_to_32, two_to_32});
       }},
      {"from of ten", [] { Tensor::from<float>(std::vector<float>(10), wraps_to_10); }},
  });
  CHECK_THROWS_WITH_AS(Tensor::empty({two_to_40 << 10}),
                       doctest::Contains("out of memory: asked for 4503599627370496 bytes"), Error);
}

TEST_CASE("core.sizes.views") {
  const Tensor ten = Tensor::ones({10});
  const Tensor none = Tensor::zeros({0});
  CHECK_THROWS_WITH_AS(ten.reshape(wraps_to_10),
                       doctest::Contains("[reshape] cannot give shape (2, 13"), Error);
  check_all_refused({
      {"reshape of none",
       [&] {
         none.reshape({two_to_32, two_to_32});
       }},
      {"reshape of none, inferred",
       [&] {
         none.reshape({two_to_32, two_to_32, -1});
       }},
      {"reshape of none, inferred of 0",
       [&] {
         none.reshape({0, -1});
       }},
      {"reshape to none",
       [&] {
         none.reshape({0, two_to_32, two_to_32});
       }},
      {"reshape, inferred",
       [&] {
         ten.reshape({two_to_62, 8, -1});
       }},
      {"expand",
       [] {
         Tensor::ones({1, 1}).expand({two_to_62, 4});
       }},
      {"expand of none",
       [] {
         Tensor::ones({0, 1, 1}).expand({0, two_to_32, two_to_32});
       }},
      {"expand below", [] { Tensor::ones({1}).expand({-2}); }},
      {"flatten",
       [] {
         Tensor::ones({1, 1}).expand({two_to_62, 1}).expand({two_to_62, 2});
       }},
      {"broadcast",
       [] {
         Tensor::ones({1, 1}).expand({two_to_40, 1}) + Tensor::ones({1, 1}).expand({1, two_to_40});
       }},
      {"compare",
       [] {
         equal(Tensor::ones({1, 1}).expand({two_to_40, 1}),
               Tensor::ones({1, 1}).expand({1, two_to_40}));
       }},
      {"contiguous", [] { Tensor::ones({1}).expand({two_to_62}).contiguous(); }},
      {"clone", [] { Tensor::ones({1}).expand({two_to_62}).clone(); }},
  });
  CHECK(none.reshape({two_to_62, 0}).shape() == Shape{two_to_62, 0});
  CHECK(Tensor::ones({1}).expand({two_to_62}).numel() == two_to_62);
}

TEST_CASE("core.sizes.expand_keeps_sizes_of_minus_1") {
  const Tensor x = Tensor::of({1, 2}, {2, 1});
  CHECK(x.expand({-1, 4}).shape() == Shape{2, 4});
  CHECK(x.expand({3, -1, 4}).shape() == Shape{3, 2, 4});
  CHECK(x.expand({-1, -1}).shape() == Shape{2, 1});
  CHECK_THROWS_WITH_AS(x.expand({-1, 2, 4}),
                       doctest::Contains("cannot broadcast (2, 1) to (-1, 2, 4)"), Error);
  CHECK_THROWS_AS(x.expand({-2, 1}), Error);
  CHECK_THROWS_AS(Tensor::ones({1}).expand({-2}), Error);
  Tensor leaf = Tensor::ones({2, 1}, {.requires_grad = true});
  sum(leaf.expand({-1, 4})).backward();
  CHECK(leaf.grad().to_vector<float>() == std::vector<float>{4, 4});
}

TEST_CASE("core.sizes.slices_of_any_step") {
  const Tensor x = Tensor::arange(10);
  for (const std::int64_t step : {most, most - 1, two_to_62, std::int64_t{10}}) {
    CAPTURE(step);
    CHECK(x.slice(0, 3, 10, step).to_vector<float>() == std::vector<float>{3});
    CHECK(x.slice(0, 5, 2, step).numel() == 0);
  }
  CHECK(x.slice(0, 0, 10, 9).to_vector<float>() == std::vector<float>{0, 9});
  CHECK(x.slice(0, least, most).numel() == 10);
  CHECK(x.slice(0, most, least).numel() == 0);
  const Tensor table = Tensor::arange(12).reshape({3, 4}).slice(0, 1, 3, most);
  CHECK(table.to_vector<float>() == std::vector<float>{4, 5, 6, 7});
  CHECK(table.is_contiguous());
  CHECK((table + 1).to_vector<float>() == std::vector<float>{5, 6, 7, 8});
  Tensor leaf = Tensor::ones({4}, {.requires_grad = true});
  sum(leaf.slice(0, 1, 4, most)).backward();
  CHECK(leaf.grad().to_vector<float>() == std::vector<float>{0, 1, 0, 0});
  const Tensor long_axis = Tensor::ones({1}).expand({most});
  CHECK(long_axis.slice(0, 0, most, 2).numel() == two_to_62);
  CHECK(long_axis.slice(0, 0, most, most - 1).numel() == 2);
}

TEST_CASE("core.sizes.joins") {
  const Tensor half = Tensor::ones({1}).expand({two_to_62});
  check_all_refused({
      {"concat",
       [&] {
         concat(std::array{half, half, half});
       }},
      {"stack",
       [&] {
         stack(std::array{half, half, half, half});
       }},
      {"split", [&] { split(half, 1); }},
      {"index_select",
       [] {
         index_select(Tensor::ones({1, 1}).expand({two_to_62, 1}), 1,
                      Tensor::zeros({16}, {.dtype = DType::i64}));
       }},
      {"pad",
       [] {
         pad(Tensor::ones({2}), {most, most});
       }},
      {"pad by most",
       [] {
         pad(Tensor::ones({2}), {most - 1, 0});
       }},
      {"cut by least",
       [] {
         pad(Tensor::ones({2}), {least, 0});
       }},
      {"cut by least after",
       [] {
         pad(Tensor::ones({2}), {0, least});
       }},
      {"cut by both",
       [] {
         pad(Tensor::ones({2}), {-2, -1});
       }},
      {"cut and padded",
       [] {
         pad(Tensor::ones({2}), {most, least});
       }},
      {"pad of many axes",
       [] {
         pad(Tensor::ones({2, 2}), {two_to_32, 0, two_to_32, 0});
       }},
  });
  CHECK(split(Tensor::ones({3}), most).size() == 1);
  CHECK(split(half, two_to_62 - 1).size() == 2);
  CHECK(split(Tensor::ones({1}).expand({most}), most - 1).size() == 2);
  CHECK(pad(Tensor::ones({2}), {-1, 3}, 5).to_vector<float>() == std::vector<float>{1, 5, 5, 5});
  CHECK(pad(Tensor::ones({2}), {-2, 1}, 5).to_vector<float>() == std::vector<float>{5});
}

TEST_CASE("core.sizes.pooling") {
  using Pair = std::array<std::int64_t, 2>;
  const Tensor x = Tensor::ones({1, 1, 4, 4});
  const auto max = [&](const Pair& kernel, const Pair& stride, const Pair& padding, bool ceil) {
    return max_pool2d(x,
                      {.kernel = kernel, .stride = stride, .padding = padding, .ceil_mode = ceil});
  };
  const auto avg = [&](const Pair& kernel, const Pair& stride, const Pair& padding, bool ceil) {
    return avg_pool2d(x,
                      {.kernel = kernel, .stride = stride, .padding = padding, .ceil_mode = ceil});
  };
  for (const bool ceil : {false, true}) {
    CAPTURE(ceil);
    for (const std::int64_t stride : {std::int64_t{1} << 31, two_to_62}) {
      CHECK(max({2, 2}, {stride, stride}, {0, 0}, ceil).shape() == Shape{1, 1, 1, 1});
      CHECK(avg({2, 2}, {stride, stride}, {0, 0}, ceil).item() == 1);
    }
    check_all_refused({
        {"stride",
         [&] {
           max({2, 2}, {most, most}, {0, 0}, ceil);
         }},
        {"kernel",
         [&] {
           max({most, 1}, {1, 1}, {0, 0}, ceil);
         }},
        {"kernel and padding",
         [&] {
           max({most, 1}, {1, 1}, {most / 2, 0}, ceil);
         }},
        {"all",
         [&] {
           max({most, most}, {most, most}, {most / 2, most / 2}, ceil);
         }},
        {"kernel's product",
         [&] {
           max({two_to_40 + 1, two_to_40 + 1}, {1, 1}, {two_to_40 / 2, two_to_40 / 2}, ceil);
         }},
        {"average",
         [&] {
           avg({most, most}, {most, most}, {most / 2, most / 2}, ceil);
         }},
        {"average's product",
         [&] {
           avg({two_to_40 + 1, two_to_40 + 1}, {1, 1}, {two_to_40 / 2, two_to_40 / 2}, ceil);
         }},
        {"padding",
         [&] {
           max({2, 2}, {1, 1}, {most, most}, ceil);
         }},
    });
  }
  // Kernels far larger than the image: all of it is in each window.
  const std::int64_t kernel = two_to_40 + 1;
  CHECK(max({kernel, 1}, {1, 1}, {two_to_40 / 2, 0}, false).shape() == Shape{1, 1, 4, 4});
  check_all_refused({
      {"adaptive, most",
       [&] {
         adaptive_avg_pool2d(x, {most, most});
       }},
      {"adaptive without images",
       [&] {
         adaptive_avg_pool2d(Tensor::ones({0, 1, 4, 4}), {most, 1});
       }},
  });
}

TEST_CASE("core.sizes.pooling_with_too_many_windows") {
  if (test::is_sanitized()) {
    MESSAGE("skipped: a sanitizer ends the process where memory is out");
    return;
  }
  const Tensor x = Tensor::ones({1, 1, 4, 4});
  const Tensor tall = Tensor::ones({1, 1, 1, 1}).expand({1, 1, two_to_40, 1});
  check_all_refused({
      {"adaptive",
       [&] {
         adaptive_avg_pool2d(x, {two_to_40, 1});
       }},
      {"adaptive columns",
       [&] {
         adaptive_avg_pool2d(x, {1, two_to_40});
       }},
      {"adaptive product",
       [&] {
         adaptive_avg_pool2d(tall, {two_to_40, 1});
       }},
      {"max of a long view",
       [&] {
         max_pool2d(tall, {.kernel = {1, 1}});
       }},
      {"average of a long view",
       [&] {
         avg_pool2d(tall, {.kernel = {1, 1}});
       }},
  });
}

TEST_CASE("core.sizes.convolution") {
  const Tensor x = Tensor::ones({1, 1, 4, 4});
  const Tensor weight = Tensor::ones({1, 1, 2, 2});
  const auto with = [&](const Conv2dOptions& options) { return conv2d(x, weight, {}, options); };
  check_all_refused({
      {"dilation",
       [&] {
         with({.dilation = {most, most}});
       }},
      {"dilation that wraps",
       [&] {
         with({.padding = {4, 4}, .dilation = {most, 1}});
       }},
      {"padding",
       [&] {
         with({.padding = {most, most}});
       }},
      {"padding that wraps to 0",
       [&] {
         with({.padding = {two_to_62, two_to_62}});
       }},
      {"padding and dilation",
       [&] {
         with({.padding = {two_to_62 - 8, 0}, .dilation = {most, 1}});
       }},
      {"padding beyond memory",
       [&] {
         with({.padding = {two_to_40 << 8, 0}});
       }},
      {"stride",
       [&] {
         with({.stride = {most, most}});
       }},
      {"groups", [&] { with({.groups = most}); }},
      {"groups that wrap",
       [&] {
         conv2d(Tensor::ones({1, 0, 4, 4}), Tensor::ones({4, 4, 2, 2}), {}, {.groups = two_to_62});
       }},
      {"long view",
       [&] {
         conv2d(Tensor::ones({1, 1, 1, 1}).expand({1, 1, two_to_62, 1}), weight, {},
                {.padding = {1, 1}});
       }},
  });
  CHECK(with({.stride = {two_to_40, two_to_40}}).shape() == Shape{1, 1, 1, 1});
  CHECK(with({.stride = {two_to_40, 1}}).to_vector<float>() == std::vector<float>{4, 4, 4});
}

TEST_CASE("core.sizes.draws_and_layers") {
  Generator generator;
  check_all_refused({
      {"uniform",
       [&] {
         uniform({two_to_40, two_to_40}, 0, 1, generator);
       }},
      {"uniform, wrapping", [&] { uniform(wraps_to_10, 0, 1, generator); }},
      {"normal", [&] { normal({most}, 0, 1, generator); }},
      {"matmul",
       [] {
         matmul(Tensor::ones({1, 1}).expand({two_to_40, 1}),
                Tensor::ones({1, 1}).expand({1, two_to_40}));
       }},
      {"batches",
       [] {
         matmul(Tensor::ones({1, 1, 1, 1}).expand({two_to_40, 1, 1, 1}),
                Tensor::ones({1, 1, 1}).expand({two_to_40, 1, 1}));
       }},
      {"Linear", [] { nn::Linear(two_to_40, two_to_40); }},
      {"Embedding", [] { nn::Embedding(two_to_40, two_to_40); }},
      {"Conv2d", [] { nn::Conv2d(two_to_40, two_to_40, 3); }},
      {"Conv2d's kernel", [] { nn::Conv2d(1, 1, two_to_32); }},
  });
  CHECK(generator.offset == 0);
}

TEST_CASE("core.sizes.data_sets_and_batches") {
  check_all_refused({
      {"digits", [] { data::digits({.train_size = most}); }},
      {"digits, wrapping", [] { data::digits({.train_size = two_to_62}); }},
      {"digits for tests", [] { data::digits({.train_size = 1, .test_size = two_to_62}); }},
      {"shapes", [] { data::shapes({.train_size = most}); }},
  });
  const data::ImageDataset ten = data::digits({.train_size = 10, .test_size = 1}).train;
  for (const bool drop_last : {false, true}) {
    for (const int threads : {0, 1}) {
      data::Loader loader(
          ten, {.batch_size = most, .drop_last = drop_last, .prefetch_threads = threads});
      CHECK(loader.batch_count() == (drop_last ? 0 : 1));
      loader.start_epoch();
      data::Batch batch;
      CHECK(loader.next(batch) == !drop_last);
      if (!drop_last) CHECK(batch.labels.numel() == 10);
      CHECK_FALSE(loader.next(batch));
    }
  }
}

}  // namespace
}  // namespace plastic
