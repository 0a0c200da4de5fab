#include "plastic/optim/raw.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "plastic/core/safetensors.h"
#include "plastic/optim/optimizer_table.h"
#include "tests/optim/helpers.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/text.h"
#include "tests/support/thread_count.h"

using namespace plastic;
using namespace plastic::test;
using optim::RawOptimizer;
using optim::RawOption;

namespace {

using Values = std::vector<float>;

const std::vector<Shape>& shapes() {
  static const std::vector<Shape> all = {{6, 4}, {6}, {0, 3}, {5, 2, 3, 3}, {}, {4000}};
  return all;
}

/// Parameters in memory of their own, at addresses that are aligned as floats are and no better.
struct Buffers {
  std::vector<Values> memory;
  std::vector<optim::RawParameter> parameters;

  Buffers() {
    for (std::size_t i = 0; i < shapes().size(); ++i) {
      memory.push_back(numbers(shapes()[i].numel() + 1, static_cast<int>(i)));
    }
    for (std::size_t i = 0; i < shapes().size(); ++i) {
      parameters.push_back({std::span(memory[i]).subspan(1), shapes()[i]});
    }
  }

  std::vector<Values> values() const {
    std::vector<Values> all;
    for (const auto& parameter : parameters) {
      all.emplace_back(parameter.values.begin(), parameter.values.end());
    }
    return all;
  }
};

/// The same values in tensors.
std::vector<Tensor> tensors_like(const Buffers& buffers) {
  std::vector<Tensor> all;
  for (const auto& parameter : buffers.parameters) {
    all.push_back(
        Tensor::from<float>(parameter.values, parameter.shape).clone().set_requires_grad());
  }
  return all;
}

/// Step `step`'s gradients; every third step leaves out the second parameter's.
std::vector<std::optional<Values>> gradients_of(int step) {
  std::vector<std::optional<Values>> all;
  for (std::size_t i = 0; i < shapes().size(); ++i) {
    all.emplace_back(numbers(shapes()[i].numel(), 10 * step + static_cast<int>(i)));
  }
  if (step % 3 == 2) all[1].reset();
  return all;
}

void step_raw(RawOptimizer& optimizer, int step) {
  optimizer.set_epoch(step / 2 + 1, 10);
  const auto gradients = gradients_of(step);
  std::vector<std::span<const float>> spans;
  for (const auto& gradient : gradients) {
    spans.push_back(gradient ? std::span<const float>(*gradient) : std::span<const float>());
  }
  optimizer.step(spans);
}

void step_tensors(optim::Optimizer& optimizer, std::vector<Tensor>& parameters, int step) {
  optimizer.set_epoch(step / 2 + 1, 10);
  const auto gradients = gradients_of(step);
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    parameters[i].zero_grad();
    if (gradients[i]) parameters[i].set_grad(Tensor::from<float>(*gradients[i], shapes()[i]));
  }
  optimizer.step();
}

std::unique_ptr<optim::Optimizer> tensor_optimizer(const std::string& name,
                                                   const std::vector<Tensor>& parameters) {
  return optim::make_optimizer(optim::find_optimizer(name).defaults, parameters);
}

}  // namespace

TEST_CASE("optim.raw.has_the_bits_of_every_optimizer_over_tensors") {
  for (const optim::OptimizerEntry& entry : optim::optimizer_table()) {
    CAPTURE(entry.name);
    const Buffers buffers;
    std::vector<Tensor> tensors = tensors_like(buffers);
    RawOptimizer raw(entry.name, buffers.parameters);
    const auto optimizer = tensor_optimizer(entry.name, tensors);
    CHECK(raw.lr() == optimizer->lr());
    CHECK(raw.parameter_count() == tensors.size());
    const std::vector<Values> before = buffers.values();
    for (int step = 0; step < 7; ++step) {
      step_raw(raw, step);
      step_tensors(*optimizer, tensors, step);
    }
    CHECK(buffers.values() != before);
    CHECK(buffers.values() == values_of(tensors));
    // What lies before the parameters is the caller's.
    for (std::size_t i = 0; i < shapes().size(); ++i) {
      CHECK(buffers.memory[i][0] == numbers(1, static_cast<int>(i))[0]);
    }
    raw.eval();
    optimizer->eval();
    CHECK(raw.is_evaluating() == optimizer->is_evaluating());
    CHECK(buffers.values() == values_of(tensors));
    raw.train();
    optimizer->train();
    raw.set_lr(0.5);
    optimizer->set_lr(0.5);
    step_raw(raw, 7);
    step_tensors(*optimizer, tensors, 7);
    CHECK(buffers.values() == values_of(tensors));
  }
}

TEST_CASE("optim.raw.the_cpu_has_no_streams") {
  const Buffers buffers;
  int stream = 0;
  RawOptimizer raw("adam", buffers.parameters);
  CHECK(contains(error_of([&] { raw.set_stream(&stream); }), "a stream for the CPU"));
  const optim::RawGroup group = {buffers.parameters};
  const auto make = [&](const optim::RawPlace& place) {
    RawOptimizer::of_groups("adam", std::span(&group, 1), place);
  };
  CHECK(contains(error_of([&] { make({.stream = &stream}); }), "a stream for the CPU"));
  const Device absent = {DeviceType::cuda, 1000};
  CHECK(contains(error_of([&] { make({.device = absent}); }), "cuda:1000"));
}

TEST_CASE("optim.raw.a_refused_step_changes_nothing") {
  const Buffers buffers;
  RawOptimizer raw("schedule-free-adamw", buffers.parameters);
  step_raw(raw, 0);
  raw.eval();
  const std::vector<Values> before = buffers.values();
  const std::span<float> place = raw.gradient(0);
  const Values gradient(place.begin(), place.end());
  CHECK_THROWS_AS(step_raw(raw, 1), Error);
  CHECK(buffers.values() == before);
  CHECK(Values(place.begin(), place.end()) == gradient);
}

TEST_CASE("optim.raw.state_passes_to_tensors_and_back") {
  const TemporaryFolder folder;
  for (const optim::OptimizerEntry& entry : optim::optimizer_table()) {
    CAPTURE(entry.name);
    const Buffers buffers;
    RawOptimizer raw(entry.name, buffers.parameters);
    for (int step = 0; step < 3; ++step) step_raw(raw, step);
    raw.set_lr(0.25);
    raw.save(folder / "raw");
    // Into an optimizer over tensors, which goes on.
    std::vector<Tensor> tensors = tensors_like(buffers);
    const auto optimizer = tensor_optimizer(entry.name, tensors);
    optimizer->load_state_dict(load_safetensors(folder / "raw").tensors);
    CHECK(optimizer->lr() == 0.25);
    for (int step = 3; step < 5; ++step) {
      step_raw(raw, step);
      step_tensors(*optimizer, tensors, step);
    }
    CHECK(buffers.values() == values_of(tensors));
    // And from it into a new one over memory.
    save_safetensors(folder / "tensors", optimizer->state_dict());
    RawOptimizer again(entry.name, buffers.parameters);
    again.load(folder / "tensors");
    step_raw(again, 5);
    step_tensors(*optimizer, tensors, 5);
    CHECK(buffers.values() == values_of(tensors));
  }
}

TEST_CASE("optim.raw.gradients_may_be_computed_where_steps_read_them") {
  const Buffers buffers;
  const Buffers copied;
  RawOptimizer in_place("adam", buffers.parameters);
  RawOptimizer other("adam", copied.parameters);
  std::vector<std::span<const float>> spans;
  for (std::size_t i = 0; i < shapes().size(); ++i) {
    const std::span<float> place = in_place.gradient(i);
    REQUIRE(place.size() == buffers.parameters[i].values.size());
    for (const float value : place) CHECK(value == 0);
    spans.push_back(place);
  }
  for (int step = 0; step < 4; ++step) {
    for (std::size_t i = 0; i < shapes().size(); ++i) {
      std::ranges::copy(numbers(shapes()[i].numel(), 10 * step + static_cast<int>(i)),
                        in_place.gradient(i).begin());
      CHECK(in_place.gradient(i).data() == spans[i].data());
    }
    in_place.step(spans);
    other.step(spans);
  }
  CHECK(buffers.values() == copied.values());
}

TEST_CASE("optim.raw.gradients_are_read_where_they_are") {
  for (const optim::OptimizerEntry& entry : optim::optimizer_table()) {
    CAPTURE(entry.name);
    const Buffers buffers;
    const Buffers others;
    RawOptimizer optimizer(entry.name, buffers.parameters);
    RawOptimizer other(entry.name, others.parameters);
    for (int step = 0; step < 4; ++step) {
      const auto gradients = gradients_of(0);
      std::vector<std::span<const float>> spans, places;
      for (std::size_t i = 0; i < gradients.size(); ++i) {
        spans.emplace_back(*gradients[i]);
        const std::span<float> place = other.gradient(i);
        std::ranges::copy(*gradients[i], place.begin());
        // In turns, so that a parameter goes from one place to the other.
        places.emplace_back((static_cast<int>(i) + step) % 2 == 0 ? spans.back() : place);
        // What lies in the block must not be read instead.
        std::ranges::fill(optimizer.gradient(i), 1e9F);
      }
      optimizer.step(spans);
      other.step(places);
      CHECK(*gradients[0] == numbers(shapes()[0].numel(), 0));
    }
    CHECK(buffers.values() == others.values());
  }
}

TEST_CASE("optim.raw.groups_have_options_of_their_own") {
  for (const optim::OptimizerEntry& entry : optim::optimizer_table()) {
    CAPTURE(entry.name);
    const Buffers buffers;
    std::vector<Tensor> tensors = tensors_like(buffers);
    const std::span all(buffers.parameters);
    // Its groups share one estimate of the rate.
    const bool is_prodigy = entry.name == "prodigy";
    const std::array options = {RawOption{"lr", is_prodigy ? "1" : "0.003"},
                                RawOption{"weight_decay", "0.1"}};
    const std::array groups = {optim::RawGroup{all.first(3)},
                               optim::RawGroup{all.subspan(3), options}};
    RawOptimizer raw = RawOptimizer::of_groups(entry.name, groups);
    std::vector<optim::OptimizerGroup> same = {
        {entry.defaults, {tensors.begin(), tensors.begin() + 3}},
        {entry.defaults, {tensors.begin() + 3, tensors.end()}}};
    for (const auto& [option, value] : options) {
      optim::set_option(same[1].settings, option, value);
    }
    const auto optimizer = optim::make_optimizer(same);
    CHECK(raw.group_count() == 2);
    CHECK(raw.lr(1) == (is_prodigy ? 1 : 0.003));
    for (int step = 0; step < 6; ++step) {
      if (step == 3 && !is_prodigy) {
        raw.set_lr(0.001, 1);
        optimizer->set_lr(0.001, 1);
      }
      step_raw(raw, step);
      step_tensors(*optimizer, tensors, step);
    }
    CHECK(raw.lr() == entry.defaults.lr);
    CHECK(buffers.values() == values_of(tensors));
  }
  CHECK(error_of([] { RawOptimizer::of_groups("sgd", {}); }) ==
        "[optimizer] no parameter groups; give at least one");
  const Buffers buffers;
  const std::vector<optim::OptimizerGroup> mixed = {
      {optim::find_optimizer("sgd").defaults, {tensors_like(buffers)[0]}},
      {optim::find_optimizer("adam").defaults, {tensors_like(buffers)[1]}}};
  CHECK(error_of([&] { optim::make_optimizer(mixed); }) ==
        "[optimizer] groups of sgd and of adam; make an optimizer for each");
}

TEST_CASE("optim.raw.the_state_is_where_steps_work") {
  for (const optim::OptimizerEntry& entry : optim::optimizer_table()) {
    CAPTURE(entry.name);
    const Buffers buffers;
    RawOptimizer optimizer(entry.name, buffers.parameters);
    const auto state = optimizer.state();
    for (int step = 0; step < 3; ++step) step_raw(optimizer, step);
    const TemporaryFolder folder;
    optimizer.save(folder / "state");
    const StateDict saved = load_safetensors(folder / "state").tensors;
    REQUIRE(saved.size() == state.size());
    for (std::size_t i = 0; i < saved.size(); ++i) {
      CAPTURE(saved[i].name);
      CHECK(state[i].name == saved[i].name);
      CHECK(state[i].dtype == saved[i].tensor.dtype());
      CHECK(state[i].shape == saved[i].tensor.shape());
      const auto bytes = static_cast<std::size_t>(state[i].shape.numel()) * size_of(state[i].dtype);
      const Tensor same = saved[i].tensor;
      const void* expected =
          same.dtype() == DType::f32   ? static_cast<const void*>(same.data<float>())
          : same.dtype() == DType::f64 ? static_cast<const void*>(same.data<double>())
                                       : same.data<std::int64_t>();
      CHECK((bytes == 0 || std::memcmp(state[i].values, expected, bytes) == 0));
    }
    // What is written there is what the next step finds: a state of zeros is that of the beginning.
    const Buffers again;
    RawOptimizer fresh(entry.name, again.parameters);
    for (std::size_t i = 0; i < buffers.parameters.size(); ++i) {
      std::ranges::copy(again.parameters[i].values, buffers.parameters[i].values.begin());
    }
    const auto of_fresh = fresh.state();
    for (std::size_t i = 0; i < state.size(); ++i) {
      const auto bytes = static_cast<std::size_t>(state[i].shape.numel()) * size_of(state[i].dtype);
      if (bytes > 0) std::memcpy(state[i].values, of_fresh[i].values, bytes);
    }
    for (int step = 0; step < 3; ++step) {
      step_raw(optimizer, step);
      step_raw(fresh, step);
    }
    CHECK(buffers.values() == again.values());
  }
}

TEST_CASE("optim.raw.options_are_listed") {
  const auto names_of = [](const char* name) {
    std::string names;
    for (const optim::OptimizerOption& option : optim::options_of(optim::find_optimizer(name))) {
      names += option.name + "=" + option.default_value + " (" + option.values + ") ";
    }
    return names;
  };
  CHECK(
      names_of("sgd") ==
      "lr=0.01 (a number) weight_decay=0 (a number) dampening=0 (a number) momentum=0.9 (a number) "
      "nesterov=false (true or false) ");
  CHECK(contains(names_of("neuroplastic"), " mode=rule_based (rule_based or ablation_grad_only) "));
  CHECK(!contains(names_of("grad-only"), " mode="));
  // Each is one that set_option() takes, its default among the values.
  for (const optim::OptimizerEntry& entry : optim::optimizer_table()) {
    optim::OptimizerSettings settings = entry.defaults;
    for (const optim::OptimizerOption& option : optim::options_of(entry)) {
      CHECK_NOTHROW(optim::set_option(settings, option.name, option.default_value));
    }
    CHECK(settings.lr == entry.defaults.lr);
    CHECK(settings.numbers == entry.defaults.numbers);
    CHECK(settings.switches == entry.defaults.switches);
  }
}

TEST_CASE("optim.raw.options_are_set_by_name") {
  Values memory = {1, 2};
  const std::array parameters = {optim::RawParameter{memory, {2}}};
  const std::array options = {RawOption{"lr", "0.5"}, RawOption{"weight_decay", "0.5"},
                              RawOption{"momentum", "0"}};
  RawOptimizer sgd("sgd", parameters, options);
  const Values gradient = {1, 1};
  sgd.step({{gradient}});
  CHECK(memory == Values{1 - 0.5F * (1 + 0.5F), 2 - 0.5F * (1 + 1.0F)});
  // NeuroPlastic's, with dashes and underscores.
  const std::array plastic = {RawOption{"diagnostics", "true"}, RawOption{"min-alpha", "0.5"},
                              RawOption{"max_alpha", "0.5"}};
  RawOptimizer neuroplastic("neuroplastic", parameters, plastic);
  CHECK(neuroplastic.diagnostics().empty());
  neuroplastic.step({{gradient}});
  const std::vector<optim::Diagnostic> diagnostics = neuroplastic.diagnostics();
  REQUIRE(!diagnostics.empty());
  CHECK(diagnostics[0].name == "alpha_mean");
  CHECK(diagnostics[0].value == doctest::Approx(0.5));
}

TEST_CASE("optim.raw.refuses_what_it_cannot_use") {
  Values memory(12);
  const std::span<float> all(memory);
  const auto error_of_making = [](std::string_view name,
                                  const std::vector<optim::RawParameter>& parameters,
                                  const std::vector<RawOption>& options = {}) {
    return error_of([&] { RawOptimizer(name, parameters, options); });
  };
  const std::vector<optim::RawParameter> one = {{all, {3, 4}}};
  CHECK(error_of_making("sgdd", one) ==
        "[optimizer] unknown name sgdd; known are neuroplastic, grad-only, sgd, adam, adamw, lion, "
        "nadam, radam, rmsprop, schedule-free-sgd, schedule-free-adamw, muon, lamb, adafactor, "
        "prodigy, soap");
  CHECK(error_of_making("sgd", {}) == "[raw optimizer] no parameters; give at least one");
  CHECK(error_of_making("sgd", {{all, {3, 5}}}) ==
        "[raw optimizer] parameter 0 has 12 values and shape (3, 5); their sizes must agree");
  CHECK(contains(error_of_making("sgd", {{all, {-12}}}), "negative"));
  CHECK(error_of_making("sgd", {{all.first(4), {4}}, {all.subspan(3, 2), {2}}}) ==
        "[raw optimizer] parameters 0 and 1 overlap; list what they share once");
  CHECK(error_of_making("sgd", {{{static_cast<float*>(nullptr), 4}, {4}}}) ==
        "[raw optimizer] parameter 0 has no address; give memory of 4 floats");
  CHECK(error_of_making("sgd", one, {{"beta1", "0.5"}}) ==
        "[sgd] no option \"beta1\"; there are lr, weight-decay, dampening, momentum, nesterov");
  CHECK(error_of_making("sgd", one, {{"lr", "fast"}}) ==
        "[sgd] option lr is \"fast\"; it must be a number");
  CHECK(error_of_making("sgd", one, {{"nesterov", "1"}}) ==
        "[sgd] option nesterov is \"1\"; it must be true or false");
  CHECK(contains(error_of_making("sgd", one, {{"lr", "-1"}}), "lr is -1"));
  CHECK(contains(error_of_making("sgd", one, {{"momentum", "nan"}}), "momentum is nan"));
  CHECK(contains(error_of_making("muon", one, {{"ns-steps", "2.5"}}), "whole number"));
  CHECK(contains(error_of_making("grad-only", one, {{"mode", "rule_based"}}), "no option"));

  RawOptimizer optimizer("sgd", one);
  const Values before = memory;
  const Values gradient(12);
  CHECK(error_of([&] { optimizer.step({}); }) ==
        "[raw optimizer] 0 gradients for 1 parameters; give one for each");
  CHECK(error_of([&] { optimizer.step({{std::span(gradient).first(5)}}); }) ==
        "[raw optimizer] gradient 0 has 5 values, its parameter 12; give as many");
  const auto* between =
      reinterpret_cast<const float*>(reinterpret_cast<const std::byte*>(gradient.data()) + 2);
  CHECK(
      error_of([&] { optimizer.step({{std::span(between, 11)}}); }) ==
      "[raw optimizer] gradient 0 is not aligned as floats are; its address must be a multiple of "
      "4");
  // The memory itself, and its last float with what lies behind it.
  CHECK(error_of([&] { optimizer.step({{all}}); }) ==
        "[raw optimizer] gradient 0 overlaps parameter 0; give it memory of its own");
  Values longer(23);
  RawOptimizer in_longer("sgd", {{{std::span(longer).first(12), {12}}}});
  CHECK(contains(error_of([&] { in_longer.step({{std::span(longer).last(12)}}); }),
                 "overlaps parameter 0"));
  CHECK(contains(error_of([&] { optimizer.lr(1); }), "no group 1"));
  CHECK(error_of([&] { optimizer.gradient(1); }) ==
        "[raw optimizer] no parameter 1; indices are below 1");
  CHECK(contains(error_of([&] { optimizer.load("/nowhere/state"); }), "/nowhere/state"));
  CHECK(contains(error_of([&] { optimizer.save("/nowhere/state"); }), "/nowhere/state"));
  CHECK(contains(error_of([&] { optimizer.set_lr(-1); }), "lr is -1"));
  CHECK(memory == before);
}

TEST_CASE("optim.raw.many_threads_step_optimizers_of_their_own") {
  const ThreadCount count(2);
  const auto train = [](const std::string& name) {
    const Buffers buffers;
    RawOptimizer optimizer(name, buffers.parameters);
    for (int step = 0; step < 20; ++step) step_raw(optimizer, step);
    return buffers.values();
  };
  const std::vector<std::string> names = {"neuroplastic", "adam", "muon", "schedule-free-sgd"};
  std::vector<std::vector<Values>> together(names.size());
  {
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < names.size(); ++i) {
      threads.emplace_back([&, i] { together[i] = train(names[i]); });
    }
    for (std::thread& thread : threads) thread.join();
  }
  for (std::size_t i = 0; i < names.size(); ++i) CHECK(together[i] == train(names[i]));
}
