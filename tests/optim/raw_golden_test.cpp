// Optimizers on raw memory against the trajectories of the reference implementation, of PyTorch and
// of other packages, with options by name.
#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "plastic/optim/raw.h"
#include "tests/optim/golden.h"
#include "tests/support/paths.h"

using namespace plastic;
using test::Json;
using test::Values;

namespace {

using Options = std::vector<std::pair<std::string, std::string>>;

std::string text_of(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

/// Options as files name them, where betas are one.
void add_options(Options& options, const Json& given) {
  for (const auto& [name, value] : given.items()) {
    if (name == "betas") {
      options.emplace_back("beta1", text_of(value[0]));
      options.emplace_back("beta2", text_of(value[1]));
    } else {
      options.emplace_back(name, text_of(value));
    }
  }
}

struct Start {
  Values values;
  Shape shape;
};

/// The optimizer through the steps of a case, of which each parameter is to be as near as
/// `tolerance` to the file's.
void check_case(const std::string& name, const Options& options, std::vector<Start> start,
                const Json& steps, int total_epochs, double tolerance) {
  std::vector<optim::RawParameter> parameters;
  for (Start& one : start) parameters.push_back({one.values, one.shape});
  const std::vector<optim::RawOption> views(options.begin(), options.end());
  optim::RawOptimizer optimizer(name, parameters, views);
  for (const Json& step : steps) {
    if (step.contains("epoch")) optimizer.set_epoch(step.at("epoch"), total_epochs);
    std::vector<Values> gradients(start.size());
    std::vector<std::span<const float>> spans(start.size());
    for (std::size_t i = 0; i < start.size(); ++i) {
      if (step.at("grads")[i].is_null()) continue;
      gradients[i] = test::values_of(step.at("grads")[i]);
      spans[i] = gradients[i];
    }
    optimizer.step(spans);
    if (step.at("params").is_null()) continue;
    for (std::size_t i = 0; i < start.size(); ++i) {
      const Values expected = test::values_of(step.at("params")[i]);
      CHECK(test::relative_error(start[i].values, expected) <= tolerance);
    }
  }
}

int check_file(const char* file_name) {
  const Json file = test::read_json(test::test_folder() / "optim/golden" / file_name);
  int count = 0;
  for (const Json& test_case : file.at("cases")) {
    Options options;
    add_options(options, test_case.at("options"));
    const std::string name = test_case.at("optimizer");
    INFO(name, " ", test_case.at("options").dump());
    std::vector<Start> start;
    for (std::size_t i = 0; i < file.at("shapes").size(); ++i) {
      start.push_back({test::values_of(test_case.at("params")[i]),
                       Shape(file.at("shapes")[i].get<std::vector<std::int64_t>>())});
    }
    check_case(name, options, std::move(start), test_case.at("steps"), 1, 1e-5);
    ++count;
  }
  return count;
}

}  // namespace

TEST_CASE("optim.raw.golden.neuroplastic") {
  const Json file = test::read_json(test::test_folder() / "optim/golden/neuroplastic.json");
  REQUIRE(file.at("cases").size() == 42);
  for (const Json& test_case : file.at("cases")) {
    INFO("case ", test_case.at("name").get<std::string>());
    Options options = {{"lr", text_of(test_case.at("lr"))},
                       {"weight_decay", text_of(test_case.at("weight_decay"))},
                       {"decoupled_weight_decay", text_of(test_case.at("decoupled_weight_decay"))}};
    add_options(options, test_case.at("plasticity"));
    add_options(options, test_case.at("homeostatic"));
    std::vector<Start> start;
    for (const Json& values : test_case.at("params")) {
      start.push_back(
          {test::values_of(values), Shape(values.at("shape").get<std::vector<std::int64_t>>())});
    }
    check_case("neuroplastic", options, std::move(start), test_case.at("steps"),
               test_case.at("total_epochs"), 2e-5);
  }
}

TEST_CASE("optim.raw.golden.torch") { CHECK(check_file("torch_trajectories.json") == 26); }

TEST_CASE("optim.raw.golden.packages") { CHECK(check_file("package_trajectories.json") == 12); }
