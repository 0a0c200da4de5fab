#include "apps/study/comparison/variants.h"

#include <doctest/doctest.h>

#include "apps/cli/values.h"

using namespace plastic::apps;

namespace {

std::vector<OptimizerSettings> resolve(const std::vector<Variant>& variants,
                                       const OptimizerOverrides& overrides) {
  check_overrides(overrides, variants);
  std::vector<OptimizerSettings> settings;
  for (const Variant& variant : variants) {
    settings.push_back(resolve_settings(variant, variants, false, overrides));
  }
  return settings;
}

}  // namespace

TEST_CASE("apps.variants.parse") {
  const std::vector<Variant> variants = parse_variants("sgd,fast=sgd,Slow_1.x=adam");
  REQUIRE(variants.size() == 3);
  CHECK(variants[0].name == "sgd");
  CHECK(variants[1].name == "fast");
  CHECK(variants[1].optimizer == "sgd");
  CHECK(variants[2].optimizer == "adam");
  for (const char* text : {"sgd,sgd", "a=sgd,a=adam", "tiger", "a=tiger", "=sgd", "a=", "adam=sgd",
                           "../up=sgd", ".hidden=sgd", "a b=sgd", "a/b=sgd", "a=b=sgd", ""}) {
    CAPTURE(text);
    CHECK_THROWS_AS(parse_variants(text), UsageError);
  }
  CHECK_THROWS_AS(parse_variants(std::string(65, 'a') + "=sgd"), UsageError);
}

// A variant's own name goes before its optimizer's, and that before none.
TEST_CASE("apps.variants.settings") {
  const auto named = parse_variants("sgd,fast=sgd,adam");
  const auto a = resolve(named, {{"lr", "0.5"}, {"lr", "0.25", "fast"}});
  CHECK(a[0].lr == 0.5);
  CHECK(a[1].lr == 0.25);
  CHECK(a[2].lr == 0.5);
  // "sgd" is a row here: what is said of it says nothing of the other.
  const auto b = resolve(named, {{"lr", "0.5", "sgd"}});
  CHECK(b[0].lr == 0.5);
  CHECK(b[1].lr == 0.01);
  // And here it is not.
  const auto c =
      resolve(parse_variants("slow=sgd,fast=sgd"), {{"lr", "0.5", "sgd"}, {"lr", "0.125", "slow"}});
  CHECK(c[0].lr == 0.125);
  CHECK(c[1].lr == 0.5);
  const auto d = resolve(named, {{"momentum", "0", "fast"}});
  CHECK(d[0].number("momentum") == 0.9);
  CHECK(d[1].number("momentum") == 0.0);

  const auto plastic = parse_variants("neuroplastic,strong=neuroplastic,grad-only");
  const auto e =
      resolve(plastic, {{"np.plasticity-scale", "3", "strong"}, {"np.plasticity-scale", "0.5"}});
  CHECK(e[0].plasticity.plasticity_scale == 0.5);
  CHECK(e[1].plasticity.plasticity_scale == 3.0);
  CHECK(e[2].plasticity.plasticity_scale == 0.5);
}

TEST_CASE("apps.variants.settings_without_use") {
  const auto variants = parse_variants("sgd,fast=sgd,adam");
  CHECK_THROWS_WITH_AS(resolve(variants, {{"lr", "0.5", "slow"}}),
                       "--lr: slow is not in use here, only sgd, fast, adam", UsageError);
  CHECK_THROWS_WITH_AS(
      resolve(variants, {{"momentum", "0.5", "adam"}}),
      "--momentum: only sgd, rmsprop, schedule-free-sgd and muon have it, not adam", UsageError);
  CHECK_THROWS_AS(resolve(variants, {{"np.eps", "1", "fast"}}), UsageError);
  CHECK_THROWS_AS(resolve(parse_variants("ours=neuroplastic,grad-only"),
                          {{"np.mode", "rule_based", "grad-only"}}),
                  UsageError);
  CHECK_NOTHROW(
      resolve(parse_variants("ours=neuroplastic,grad-only"), {{"np.mode", "rule_based", "ours"}}));
}

TEST_CASE("apps.variants.labels") {
  const auto variants = parse_variants("sgd,fast=sgd,plain=sgd,adam,ours=neuroplastic");
  const auto settings = resolve(variants, {{"lr", "0.1", "fast"}, {"momentum", "0", "plain"}});
  const std::vector<std::string> labels = variant_labels(variants, settings);
  CHECK(labels[0] == "sgd (lr 0.01, momentum 0.9)");
  CHECK(labels[1] == "fast (sgd, lr 0.1, momentum 0.9)");
  CHECK(labels[2] == "plain (sgd, lr 0.01, momentum 0)");
  CHECK(labels[3] == "adam");
  CHECK(labels[4] == "ours (neuroplastic)");

  // Numbers that six digits do not tell apart.
  const auto close = parse_variants("a=adam,b=adam");
  const std::vector<std::string> two =
      variant_labels(close, resolve(close, {{"lr", "0.1", "a"}, {"lr", "0.10000001", "b"}}));
  CHECK(two[0] == "a (adam, lr 0.1)");
  CHECK(two[1] == "b (adam, lr 0.10000001)");

  // What makes no difference is not said.
  const auto ours = parse_variants("a=neuroplastic,b=neuroplastic");
  const std::vector<std::string> three = variant_labels(
      ours, resolve(ours, {{"np.orthogonal-lambda", "0.5", "a"}, {"np.min-alpha", "0.5", "b"}}));
  CHECK(three[0] == "a (neuroplastic, min-alpha 0.2)");
  CHECK(three[1] == "b (neuroplastic, min-alpha 0.5)");
}

TEST_CASE("apps.variants.differences") {
  const std::vector<Settings> all = {{{"x", "1"}, {"y", "2"}}, {{"x", "1"}, {"z", "3"}}};
  CHECK(differences(all) == std::vector<std::string>{"y 2", "z 3"});
  CHECK(differences(std::vector<Settings>{{{"x", "1"}}}) == std::vector<std::string>{""});
}
