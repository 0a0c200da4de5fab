#include <doctest/doctest.h>

#include <array>
#include <fstream>
#include <string>
#include <vector>

#include "core/io/utf8_path.h"
#include "plastic/c_api.h"
#include "plastic/core/safetensors.h"
#include "plastic/optim/optimizer_table.h"
#include "tests/optim/helpers.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/text.h"

using namespace plastic;
using test::contains;
using test::numbers;

namespace {

std::string message() { return plastic_last_error(); }

/// A matrix and a bias, with an optimizer over them.
struct Trained {
  std::vector<float> weight = numbers(6 * 4, 1), bias = numbers(6, 2);
  std::array<std::int64_t, 2> weight_shape = {6, 4};
  std::array<std::int64_t, 1> bias_shape = {6};
  std::array<plastic_parameter, 2> parameters = {
      plastic_parameter{weight.data(), weight.size(), weight_shape.data(), 2},
      plastic_parameter{bias.data(), bias.size(), bias_shape.data(), 1}};
  plastic_optimizer* optimizer = nullptr;

  explicit Trained(const char* name, const char* options = nullptr) {
    const plastic_status status =
        plastic_optimizer_create(name, options, parameters.data(), parameters.size(), &optimizer);
    CAPTURE(message());
    REQUIRE(status == PLASTIC_OK);
  }
  ~Trained() { plastic_optimizer_destroy(&optimizer); }
  Trained(const Trained&) = delete;
  Trained& operator=(const Trained&) = delete;

  plastic_status step(int seed) {
    const std::vector<float> of_weight = numbers(6 * 4, seed), of_bias = numbers(6, seed + 1);
    const std::array<const float*, 2> gradients = {of_weight.data(), of_bias.data()};
    return plastic_optimizer_step(optimizer, gradients.data(), gradients.size());
  }
};

/// The same in tensors.
struct TrainedTensors {
  std::vector<Tensor> parameters = {test::parameter({6, 4}, 1), test::parameter({6}, 2)};
  std::unique_ptr<optim::Optimizer> optimizer;

  explicit TrainedTensors(const char* name)
      : optimizer(optim::make_optimizer(optim::find_optimizer(name).defaults, parameters)) {}

  void step(int seed) {
    test::set_gradients(parameters, seed);
    optimizer->step();
  }
  bool is_as(const Trained& other) const {
    return test::values_of(parameters) == std::vector{other.weight, other.bias};
  }
};

}  // namespace

TEST_CASE("capi.optimizer.every_optimizer_has_the_bits_of_the_engine") {
  REQUIRE(plastic_optimizer_name_count() == optim::optimizer_table().size());
  CHECK(plastic_optimizer_name(plastic_optimizer_name_count()) == nullptr);
  for (std::size_t i = 0; i < plastic_optimizer_name_count(); ++i) {
    const char* name = plastic_optimizer_name(i);
    CAPTURE(std::string(name));
    Trained raw(name);
    TrainedTensors tensors(name);
    for (int step = 0; step < 4; ++step) {
      CHECK(plastic_optimizer_set_epoch(raw.optimizer, step + 1, 4) == PLASTIC_OK);
      tensors.optimizer->set_epoch(step + 1, 4);
      REQUIRE(raw.step(step) == PLASTIC_OK);
      tensors.step(step);
    }
    CHECK(tensors.is_as(raw));
    CHECK(plastic_optimizer_eval(raw.optimizer) == PLASTIC_OK);
    tensors.optimizer->eval();
    CHECK(tensors.is_as(raw));
    const bool is_evaluating = tensors.optimizer->is_evaluating();
    CHECK(raw.step(9) == (is_evaluating ? PLASTIC_ERROR_REFUSED : PLASTIC_OK));
    CHECK(plastic_optimizer_train(raw.optimizer) == PLASTIC_OK);
    CHECK(raw.step(10) == PLASTIC_OK);
  }
}

TEST_CASE("capi.optimizer.state_passes_to_cpp_and_back") {
  const test::TemporaryFolder folder;
  const std::string path = folder / "state \xC3\xA9";
  Trained raw("adam");
  TrainedTensors tensors("adam");
  for (int step = 0; step < 3; ++step) REQUIRE(raw.step(step) == PLASTIC_OK);
  CHECK(plastic_optimizer_set_lr(raw.optimizer, 0.25) == PLASTIC_OK);
  REQUIRE(plastic_optimizer_save(raw.optimizer, path.c_str()) == PLASTIC_OK);
  tensors.optimizer->load_state_dict(load_safetensors(path_of_utf8(path)).tensors);
  tensors.parameters[0].detach().copy_(Tensor::from<float>(raw.weight, {6, 4}));
  tensors.parameters[1].detach().copy_(Tensor::from<float>(raw.bias, {6}));
  REQUIRE(raw.step(3) == PLASTIC_OK);
  tensors.step(3);
  CHECK(tensors.is_as(raw));

  save_safetensors(path_of_utf8(path), tensors.optimizer->state_dict());
  Trained again("adam");
  again.weight = raw.weight;
  again.bias = raw.bias;
  again.parameters[0].values = again.weight.data();
  REQUIRE(plastic_optimizer_load(again.optimizer, path.c_str()) == PLASTIC_OK);
  double lr = 0;
  CHECK(plastic_optimizer_lr(again.optimizer, &lr) == PLASTIC_OK);
  CHECK(lr == 0.25);
  REQUIRE(again.step(4) == PLASTIC_OK);
  tensors.step(4);
  CHECK(tensors.is_as(again));
}

TEST_CASE("capi.optimizer.gradients_in_place_missing_gradients_and_diagnostics") {
  Trained raw("neuroplastic", "lr=0.5,diagnostics=true");
  float* place = nullptr;
  std::size_t count = 0;
  REQUIRE(plastic_optimizer_gradient(raw.optimizer, 1, &place, &count) == PLASTIC_OK);
  REQUIRE(count == 6);
  std::fill_n(place, count, 1.0F);
  const std::vector<float> weight = raw.weight, bias = raw.bias;
  const std::array<const float*, 2> gradients = {nullptr, place};
  REQUIRE(plastic_optimizer_step(raw.optimizer, gradients.data(), 2) == PLASTIC_OK);
  CHECK(raw.weight == weight);
  CHECK(raw.bias != bias);

  std::array<plastic_diagnostic, 2> some{};
  REQUIRE(plastic_optimizer_diagnostics(raw.optimizer, nullptr, 0, &count) == PLASTIC_OK);
  CHECK(count == optim::neuroplastic_diagnostic_table().size());
  REQUIRE(plastic_optimizer_diagnostics(raw.optimizer, some.data(), 2, &count) == PLASTIC_OK);
  const char* first = some[0].name;
  CHECK(std::string(first) == "alpha_mean");
  CHECK(some[0].value > 0);
  REQUIRE(plastic_optimizer_diagnostics(raw.optimizer, some.data(), 2, &count) == PLASTIC_OK);
  CHECK(some[0].name == first);
}

TEST_CASE("capi.optimizer.groups_state_and_options") {
  Trained one("adam");
  std::array<plastic_parameter_group, 2> groups = {
      plastic_parameter_group{one.parameters.data(), 1, nullptr},
      plastic_parameter_group{one.parameters.data() + 1, 1, "lr=0.5,beta1=0.8"}};
  plastic_optimizer* optimizer = nullptr;
  REQUIRE(plastic_optimizer_create_groups("adam", groups.data(), groups.size(), &optimizer) ==
          PLASTIC_OK);
  double lr = 0;
  CHECK(plastic_optimizer_group_lr(optimizer, 1, &lr) == PLASTIC_OK);
  CHECK(lr == 0.5);
  CHECK(plastic_optimizer_set_group_lr(optimizer, 1, 0.25) == PLASTIC_OK);
  CHECK(plastic_optimizer_lr(optimizer, &lr) == PLASTIC_OK);
  CHECK(lr == 1e-3);
  CHECK(plastic_optimizer_group_lr(optimizer, 1, &lr) == PLASTIC_OK);
  CHECK(lr == 0.25);

  REQUIRE(plastic_optimizer_state_count(optimizer) == 8);
  const std::vector<float> gradient(24, 1.0F);
  const std::array<const float*, 2> gradients = {gradient.data(), gradient.data()};
  REQUIRE(plastic_optimizer_step(optimizer, gradients.data(), 2) == PLASTIC_OK);
  const auto state_of = [&](const std::string& name) {
    plastic_state state{};
    for (std::size_t i = 0; i < plastic_optimizer_state_count(optimizer); ++i) {
      REQUIRE(plastic_optimizer_state(optimizer, i, &state) == PLASTIC_OK);
      if (state.name == name) return state;
    }
    FAIL("no state " << name);
    return state;
  };
  const plastic_state average = state_of("state.0.exp_avg");
  CHECK(average.dtype == PLASTIC_F32);
  CHECK(average.count == 24);
  REQUIRE(average.rank == 2);
  CHECK(average.shape[1] == 4);
  CHECK(static_cast<float*>(average.values)[23] == doctest::Approx(0.1));
  CHECK(static_cast<float*>(state_of("state.1.exp_avg").values)[0] == doctest::Approx(0.2));
  CHECK(state_of("state.0.step").dtype == PLASTIC_I64);
  CHECK(state_of("state.0.step").rank == 0);
  CHECK(*static_cast<std::int64_t*>(state_of("state.0.step").values) == 1);
  CHECK(state_of("group.1.lr").dtype == PLASTIC_F64);
  CHECK(*static_cast<double*>(state_of("group.1.lr").values) == 0.25);

  plastic_state state{};
  CHECK(plastic_optimizer_state(optimizer, 8, &state) == PLASTIC_ERROR_ARGUMENT);
  CHECK(message() == "[plastic_optimizer_state] no state 8; indices are below 8");
  CHECK(plastic_optimizer_state_count(nullptr) == 0);
  CHECK(plastic_optimizer_group_lr(optimizer, 2, &lr) == PLASTIC_ERROR_ARGUMENT);
  CHECK(plastic_optimizer_set_group_lr(optimizer, 2, 1) == PLASTIC_ERROR_ARGUMENT);
  CHECK(plastic_optimizer_set_group_lr(optimizer, 0, -1) == PLASTIC_ERROR_REFUSED);
  plastic_optimizer_destroy(&optimizer);
  groups[1].parameters = nullptr;
  CHECK(plastic_optimizer_create_groups("adam", groups.data(), 2, &optimizer) ==
        PLASTIC_ERROR_ARGUMENT);
  CHECK(message() == "[plastic_optimizer_create_groups] parameters is NULL; give its address");
  CHECK(plastic_optimizer_create_groups("adam", groups.data(), 0, &optimizer) ==
        PLASTIC_ERROR_REFUSED);
  CHECK(plastic_optimizer_create_groups("adam", nullptr, 1, &optimizer) == PLASTIC_ERROR_ARGUMENT);
  CHECK(optimizer == nullptr);

  CHECK(plastic_optimizer_option_count("sgd") == 5);
  CHECK(plastic_optimizer_option_count("sgdd") == 0);
  plastic_option option{};
  REQUIRE(plastic_optimizer_option("sgd", 4, &option) == PLASTIC_OK);
  CHECK(std::string(option.name) == "nesterov");
  CHECK(std::string(option.values) == "true or false");
  CHECK(std::string(option.default_value) == "false");
  CHECK(plastic_optimizer_option("sgd", 5, &option) == PLASTIC_ERROR_ARGUMENT);
  CHECK(plastic_optimizer_option("sgdd", 0, &option) == PLASTIC_ERROR_REFUSED);
}

TEST_CASE("capi.optimizer.errors") {
  Trained raw("sgd");
  plastic_optimizer* const made = raw.optimizer;
  plastic_optimizer* other = made;
  auto* const p = raw.parameters.data();
  const auto create = [&](const char* name, const char* options, const plastic_parameter* given,
                          std::size_t count) {
    return plastic_optimizer_create(name, options, given, count, &other);
  };
  CHECK(create(nullptr, nullptr, p, 2) == PLASTIC_ERROR_ARGUMENT);
  CHECK(message() == "[plastic_optimizer_create] name is NULL; give its address");
  CHECK(create("sgd", nullptr, nullptr, 2) == PLASTIC_ERROR_ARGUMENT);
  CHECK(plastic_optimizer_create("sgd", nullptr, p, 2, nullptr) == PLASTIC_ERROR_ARGUMENT);
  CHECK(create("sgdd", nullptr, p, 2) == PLASTIC_ERROR_REFUSED);
  CHECK(contains(message(), "unknown name sgdd"));
  CHECK(create("sgd", "lr=0.1,beta1=0.9", p, 2) == PLASTIC_ERROR_REFUSED);
  CHECK(create("sgd", "lr", p, 2) == PLASTIC_ERROR_REFUSED);
  CHECK(message() ==
        "[plastic_optimizer_create] options have \"lr\"; they are key=value, separated by commas");
  CHECK(create("sgd", "lr=-1", p, 2) == PLASTIC_ERROR_REFUSED);
  CHECK(create("sgd", nullptr, p, 0) == PLASTIC_ERROR_REFUSED);
  auto wrong = raw.parameters;
  wrong[1].count = 5;
  CHECK(create("sgd", nullptr, wrong.data(), 2) == PLASTIC_ERROR_ARGUMENT);
  CHECK(
      message() ==
      "[plastic_optimizer_create] parameter 1 has 5 values and shape (6,); their sizes must agree");
  wrong = raw.parameters;
  wrong[0].values = nullptr;
  CHECK(create("sgd", nullptr, wrong.data(), 2) == PLASTIC_ERROR_ARGUMENT);
  wrong = raw.parameters;
  wrong[0].shape = nullptr;
  CHECK(create("sgd", nullptr, wrong.data(), 2) == PLASTIC_ERROR_ARGUMENT);
  wrong = raw.parameters;
  wrong[0].rank = 9;
  const std::array<std::int64_t, 9> many = {6, 4, 1, 1, 1, 1, 1, 1, 1};
  wrong[0].shape = many.data();
  CHECK(create("sgd", nullptr, wrong.data(), 2) == PLASTIC_ERROR_REFUSED);
  CHECK(other == made);

  const std::vector<float> before = raw.weight;
  const std::array<const float*, 2> gradients = {before.data(), before.data()};
  CHECK(plastic_optimizer_step(nullptr, gradients.data(), 2) == PLASTIC_ERROR_ARGUMENT);
  CHECK(plastic_optimizer_step(made, nullptr, 2) == PLASTIC_ERROR_ARGUMENT);
  CHECK(plastic_optimizer_step(made, gradients.data(), 1) == PLASTIC_ERROR_ARGUMENT);
  CHECK(message() == "[plastic_optimizer_step] 1 gradients for 2 parameters; give one for each");
  CHECK(raw.weight == before);
  CHECK(plastic_optimizer_gradient(made, 2, nullptr, nullptr) == PLASTIC_ERROR_ARGUMENT);
  CHECK(plastic_optimizer_lr(made, nullptr) == PLASTIC_ERROR_ARGUMENT);
  CHECK(plastic_optimizer_set_lr(made, -1) == PLASTIC_ERROR_REFUSED);
  CHECK(plastic_optimizer_set_lr(nullptr, 1) == PLASTIC_ERROR_ARGUMENT);
  CHECK(plastic_optimizer_set_epoch(made, -1, 1) == PLASTIC_ERROR_REFUSED);
  CHECK(plastic_optimizer_set_epoch(nullptr, 1, 1) == PLASTIC_ERROR_ARGUMENT);
  CHECK(plastic_optimizer_eval(nullptr) == PLASTIC_ERROR_ARGUMENT);
  CHECK(plastic_optimizer_train(nullptr) == PLASTIC_ERROR_ARGUMENT);
  CHECK(plastic_optimizer_diagnostics(made, nullptr, 0, nullptr) == PLASTIC_ERROR_ARGUMENT);
  std::size_t count = 0;
  CHECK(plastic_optimizer_diagnostics(made, nullptr, 1, &count) == PLASTIC_ERROR_ARGUMENT);

  const test::TemporaryFolder folder;
  CHECK(plastic_optimizer_save(made, nullptr) == PLASTIC_ERROR_ARGUMENT);
  CHECK(plastic_optimizer_save(made, "/nowhere/state") == PLASTIC_ERROR_FILE);
  CHECK(plastic_optimizer_load(made, "/nowhere/state") == PLASTIC_ERROR_FILE);
  CHECK(contains(message(), "/nowhere/state"));
  const std::string path = folder / "state";
  std::ofstream(path) << "not safetensors";
  CHECK(plastic_optimizer_load(made, path.c_str()) == PLASTIC_ERROR_FILE);
  Trained adam("adam");
  REQUIRE(plastic_optimizer_save(adam.optimizer, path.c_str()) == PLASTIC_OK);
  CHECK(plastic_optimizer_load(made, path.c_str()) == PLASTIC_ERROR_FILE);
}

TEST_CASE("capi.optimizer.destroying_twice_does_nothing") {
  Trained raw("sgd");
  plastic_optimizer_destroy(&raw.optimizer);
  CHECK(raw.optimizer == nullptr);
  plastic_optimizer_destroy(&raw.optimizer);
  plastic_optimizer_destroy(nullptr);
  CHECK(raw.step(1) == PLASTIC_ERROR_ARGUMENT);
  CHECK(message() == "[plastic_optimizer_step] optimizer is NULL; give its address");
}
