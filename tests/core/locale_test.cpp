// What the library writes and reads does not depend on the locale that the host has chosen.
#include <doctest/doctest.h>

#include <cstdio>
#include <functional>
#include <limits>
#include <map>
#include <sstream>
#include <string>

#include "core/check.h"
#include "core/text.h"
#include "plastic/plastic.h"
#include "tests/data/files.h"
#include "tests/support/foreign_locale.h"

using namespace plastic;
using test::error_of;

namespace {

// Texts of the library that hold numbers, each with the function that makes it.
std::map<std::string, std::function<std::string()>> writers(const test::TemporaryFolder& folder) {
  return {
      {"fail", [] { return error_of([] { fail("op", 1234567, ' ', 0.5, ' ', 1e6F); }); }},
      {"shape",
       [] {
         return to_string(Shape{1000, 2000});
       }},
      {"tensor",
       [] {
         return to_string(Tensor::of({1234.5F, 0.25F, 1e6F}, {3}));
       }},
      {"integers",
       [] {
         return to_string(Tensor::from<std::int64_t>(std::vector<std::int64_t>{1234567}, {1}));
       }},
      {"mismatch",
       [] { return error_of([] {
              matmul(Tensor::zeros({2, 1000}), Tensor::zeros({2000, 2}));
            }); }},
      {"summary",
       [] {
         Generator generator{.seed = 1};
         return nn::summary(*nn::mlp({.hidden = {1000}, .generator = &generator}));
       }},
      {"gradcheck",
       [] {
         const auto wrong = [](std::span<const Tensor> inputs) {
           return mul(inputs[0], inputs[0].detach());
         };
         const Tensor input =
             Tensor::full({1}, 1234.5, {.dtype = DType::f64}).set_requires_grad(true);
         return gradcheck(wrong, std::span(&input, 1)).message;
       }},
      {"neuroplastic",
       [] {
         optim::NeuroPlasticOptions options;
         options.lr = 0.125;
         std::string text;
         for (const optim::NeuroPlasticOption& option : optim::neuroplastic_option_table()) {
           text += option.get(options) + " " + option.values + "\n";
         }
         return text + error_of([&] { set_option(options, "max_alpha", "1.500,5"); });
       }},
      {"safetensors",
       [&folder] {
         save_safetensors(folder / "w", {{"w", Tensor::zeros({1000, 784})}});
         std::string text = to_string(load_safetensors(folder / "w").tensors[0].tensor);
         std::filesystem::resize_file(folder / "w", 100'000);
         return text + error_of([&] { load_safetensors(folder / "w"); });
       }},
      {"idx",
       [&folder] {
         test::write_file(folder / "idx", test::idx_bytes({1000, 28, 28}, {}));
         return error_of([&] { data::read_idx(folder / "idx", 3); }) +
                error_of([&] { data::read_idx(folder / "idx", 1); });
       }},
      {"catalog", [] { return error_of([] { data::load("mnist", "/nowhere/at/all"); }); }},
  };
}

}  // namespace

TEST_CASE("core.locale.texts_are_the_same") {
  const test::TemporaryFolder folder;
  for (const auto& [name, write] : writers(folder)) {
    CAPTURE(name);
    const std::string usual = write();
    const test::ForeignLocale foreign;
    CHECK(write() == usual);
  }
}

TEST_CASE("core.locale.right_values") {
  const test::ForeignLocale foreign;
  // The locale is what it says.
  std::ostringstream grouped;
  grouped << 1234;
  REQUIRE(grouped.str() == "1.234");
  CHECK(error_of([] { fail("op", 1234567, ' ', 0.5); }) == "[op] 1234567 0.5");
  CHECK(to_string(Shape{1000, 784}) == "(1000, 784)");
  CHECK(to_string(Tensor::of({1234.5F, 0.25F}, {2})).ends_with("[1234.5, 0.25]"));
  CHECK(fixed_text(1234.5, 2) == "1234.50");
  CHECK(text_of(1e6, ' ', 12345) == "1e+06 12345");
}

TEST_CASE("core.locale.safetensors") {
  const test::TemporaryFolder folder;
  std::vector<float> values(784'000);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i) * 0.5F;
  const Metadata metadata = {{"lr", "0.5"}};
  const Tensor weight = Tensor::from<float>(values, {1000, 784});
  save_safetensors(folder / "usual", {{"w", weight}}, metadata);
  const test::ForeignLocale foreign;
  save_safetensors(folder / "foreign", {{"w", weight}}, metadata);
  for (const char* name : {"usual", "foreign"}) {
    const Safetensors loaded = load_safetensors(folder / name);
    CHECK(loaded.tensors[0].tensor.shape() == Shape{1000, 784});
    CHECK(loaded.tensors[0].tensor.to_vector<float>() == values);
    CHECK(loaded.metadata == metadata);
  }
}

TEST_CASE("core.locale.numbers_are_read") {
  const test::ForeignLocale foreign;
  optim::NeuroPlasticOptions options;
  set_option(options, "max_alpha", "1.25");
  CHECK(options.max_alpha == 1.25);
}

TEST_CASE("core.text.nan_has_no_sign") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(text_of(-nan, ' ', static_cast<float>(-nan)) == "nan nan");
  CHECK(fixed_text(-nan, 2) == "nan");
  CHECK(to_string(Tensor::full({2}, -nan)).ends_with("[nan, nan]"));
}

TEST_CASE("core.text.fixed") {
  CHECK(fixed_text(0.125, 2) == "0.12");
  CHECK(fixed_text(-2.5, 0) == "-2");
  CHECK(fixed_text(1e300, 1).size() == 303);
  CHECK(fixed_text(std::numeric_limits<double>::infinity(), 1) == "inf");
}
