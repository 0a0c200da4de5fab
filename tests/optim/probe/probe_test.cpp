// What a probe reads, against plain loops in f64.
#include "plastic/optim/probe.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <memory>

#include "plastic/core/ops/elementwise.h"
#include "plastic/optim/adam.h"
#include "plastic/optim/neuroplastic.h"
#include "plastic/optim/sam.h"
#include "plastic/optim/schedule_free.h"
#include "plastic/optim/sgd.h"
#include "tests/optim/helpers.h"
#include "tests/support/thread_count.h"

using namespace plastic;
using namespace plastic::test;
using optim::NeuroPlastic;
using optim::Probe;
using optim::ProbeOptions;
using optim::ProbeReading;
using optim::Sgd;
using optim::SignalReading;
using optim::TensorReading;

namespace {

std::vector<NamedTensor> named(const std::vector<Tensor>& parameters) {
  std::vector<NamedTensor> out;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    out.push_back({std::to_string(i) + (i % 2 == 0 ? ".weight" : ".bias"), parameters[i]});
  }
  return out;
}

std::vector<double> doubles(const Tensor& tensor) {
  const auto values = tensor.to_vector<float>();
  return {values.begin(), values.end()};
}

std::vector<double> difference(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> out;
  for (std::size_t i = 0; i < a.size(); ++i) out.push_back(a[i] - b[i]);
  return out;
}

double product(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

double norm(const std::vector<double>& a) { return std::sqrt(product(a, a)); }

/// Sums of up to 32 elements are f32.
bool is_close(double a, double b) { return std::abs(a - b) <= 1e-6 * std::max(1.0, std::abs(b)); }

/// Everything of a reading, bit for bit.
std::vector<std::uint64_t> bits(const ProbeReading& reading) {
  std::vector<std::uint64_t> out;
  const auto add = [&out](double x) { out.push_back(std::bit_cast<std::uint64_t>(x)); };
  for (const TensorReading& tensor : reading.tensors) {
    out.push_back(tensor.is_updated ? 1 : 0);
    for (const double x :
         {tensor.weight_norm, tensor.gradient_norm, tensor.update_norm, tensor.cosine}) {
      add(x);
    }
    for (const optim::Diagnostic& number : tensor.numbers) add(number.value);
    for (const SignalReading& signal : tensor.signals) {
      for (const double x : {signal.mean, signal.deviation, signal.at_low, signal.at_high}) add(x);
      for (const double x : signal.quantiles) add(x);
      for (const std::int64_t count : signal.histogram) add(static_cast<double>(count));
    }
  }
  return out;
}

/// Shows what it is given, whatever that is.
class Showing : public optim::Optimizer {
 public:
  explicit Showing(const std::vector<Tensor>& parameters)
      : Optimizer("showing", {parameters}, {0.1}) {}

  std::vector<optim::Signal> described{{.name = "own", .low = 0, .high = 1}};
  std::vector<Tensor> shown;

  std::vector<optim::Signal> signals() const override { return described; }
  optim::Inspection inspect(std::size_t) const override {
    return {.signals = shown, .numbers = {{"twice", 2}}};
  }

 private:
  void update(const optim::ParameterStep& at) override {
    Tensor parameter = at.parameter;
    parameter.sub_(at.gradient, at.lr);
  }
};

/// The reading of one step of one parameter that shows `values`.
SignalReading read_signal(const std::vector<float>& values, const optim::Signal& signal,
                          std::int64_t sample = 0) {
  std::vector<Tensor> parameters{parameter({std::ssize(values)}, 1)};
  Showing optimizer(parameters);
  optimizer.described = {signal};
  optimizer.shown = {Tensor::from<float>(values)};
  Probe probe(optimizer, named(parameters), {.every = 1, .sample = sample});
  probe.before_step();
  set_gradients(parameters, 1);
  optimizer.step();
  const ProbeReading* reading = probe.after_step();
  REQUIRE(reading != nullptr);
  CHECK(reading->tensors[0].numbers.at(0).name == "twice");
  return reading->tensors[0].signals.at(0);
}

/// The quantile as numpy defines it.
double quantile(std::vector<double> values, double probability) {
  std::ranges::sort(values);
  const double at = probability * static_cast<double>(values.size() - 1);
  const double below = std::floor(at);
  const double low = values[static_cast<std::size_t>(below)];
  const double high = values[static_cast<std::size_t>(std::ceil(at))];
  return low + (at - below) * (high - low);
}

void check_distribution(const SignalReading& reading, const std::vector<double>& values,
                        const optim::Signal& signal) {
  for (std::size_t i = 0; i < reading.quantiles.size(); ++i) {
    CHECK(is_close(reading.quantiles[i], quantile(values, SignalReading::probabilities[i])));
  }
  std::array<std::int64_t, 64> expected{};
  for (const double value : values) {
    const auto place = [&signal](double x) { return signal.is_logarithmic ? std::log(x) : x; };
    const double part =
        (place(value) - place(signal.low)) / (place(signal.high) - place(signal.low));
    ++expected[static_cast<std::size_t>(std::clamp(std::floor(64 * part), 0.0, 63.0))];
  }
  CHECK(reading.histogram == expected);
}

}  // namespace

TEST_CASE("optim.probe.norms_and_cosines") {
  // More elements than fit into one chunk of a sum.
  std::vector<Tensor> parameters{parameter({130, 257}, 1), parameter({5}, 2)};
  Sgd optimizer(parameters, {.lr = 0.3, .momentum = 0.5, .weight_decay = 0.1});
  Probe probe(optimizer, named(parameters), {.every = 3});
  CHECK(probe.tensors().size() == 2);
  CHECK(probe.signals().empty());
  std::vector<std::vector<double>> last(2);
  int readings = 0;
  for (int step = 1; step <= 9; ++step) {
    CHECK(probe.is_next_probed() == (step % 3 == 0));
    std::vector<std::vector<double>> before{doubles(parameters[0]), doubles(parameters[1])};
    probe.before_step();
    set_gradients(parameters, step);
    optimizer.step();
    const ProbeReading* reading = probe.after_step();
    CHECK((reading != nullptr) == (step % 3 == 0));
    if (reading != nullptr) {
      ++readings;
      CHECK(reading->step == step);
      REQUIRE(reading->tensors.size() == 2);
    }
    for (std::size_t i = 0; i < 2; ++i) {
      const std::vector<double> update = difference(doubles(parameters[i]), before[i]);
      if (reading != nullptr) {
        const TensorReading& tensor = reading->tensors[i];
        CHECK(tensor.is_updated);
        CHECK(is_close(tensor.weight_norm, norm(doubles(parameters[i]))));
        CHECK(is_close(tensor.gradient_norm, norm(doubles(parameters[i].grad()))));
        CHECK(is_close(tensor.update_norm, norm(update)));
        CHECK(is_close(tensor.cosine, product(update, last[i]) / (norm(update) * norm(last[i]))));
      }
      last[i] = update;
    }
  }
  CHECK(readings == 3);
  CHECK(probe.steps() == 9);
}

TEST_CASE("optim.probe.huge_and_tiny_numbers") {
  std::vector<Tensor> parameters{Tensor::of({3e30F, -4e30F}, {2}).set_requires_grad(),
                                 Tensor::of({0, 0}, {2}).set_requires_grad()};
  Sgd optimizer(parameters, {.lr = 1});
  Probe probe(optimizer, named(parameters), {.every = 1});
  probe.before_step();
  parameters[0].set_grad(Tensor::of({3e30F, -4e30F}, {2}));
  parameters[1].set_grad(Tensor::of({3e-30F, 4e-30F}, {2}));
  optimizer.step();
  const ProbeReading* reading = probe.after_step();
  REQUIRE(reading != nullptr);
  CHECK(std::abs(reading->tensors[0].update_norm / 5e30 - 1) < 1e-6);
  CHECK(reading->tensors[0].weight_norm == 0);
  CHECK(std::abs(reading->tensors[1].update_norm / 5e-30 - 1) < 1e-6);
  // The first update has none before it.
  CHECK(std::isnan(reading->tensors[0].cosine));
}

TEST_CASE("optim.probe.signals_of_all_elements") {
  std::vector<float> values = numbers(40'000, 3);
  for (float& value : values) value = std::clamp(10 * value, -0.75F, 0.75F);
  const optim::Signal signal{.name = "s", .low = -0.75, .high = 0.75, .is_clipped = true};
  const SignalReading reading = read_signal(values, signal);
  const std::vector<double> exact(values.begin(), values.end());
  double mean = 0, square = 0;
  for (const double value : exact) mean += value / 40'000;
  for (const double value : exact) square += (value - mean) * (value - mean) / 40'000;
  CHECK(is_close(reading.mean, mean));
  CHECK(is_close(reading.deviation, std::sqrt(square)));
  CHECK(reading.at_low == static_cast<double>(std::ranges::count(values, -0.75F)) / 40'000);
  CHECK(reading.at_high == static_cast<double>(std::ranges::count(values, 0.75F)) / 40'000);
  CHECK(reading.at_low > 0.1);
  check_distribution(reading, exact, signal);
}

TEST_CASE("optim.probe.signals_in_the_logarithm") {
  std::vector<float> values = numbers(9000, 3);
  for (float& value : values) value = std::exp(100 * value);
  const optim::Signal signal{.name = "s", .low = 0x1p-10, .high = 0x1p10, .is_logarithmic = true};
  const SignalReading reading = read_signal(values, signal);
  check_distribution(reading, {values.begin(), values.end()}, signal);
  // 0 and what is far above are in the end bins; ends belong where the contract says.
  const SignalReading ends =
      read_signal({0, 0x1p-10F, 0x1p10F, 1e30F, std::numeric_limits<float>::quiet_NaN()}, signal);
  CHECK(ends.histogram.front() == 2);
  CHECK(ends.histogram.back() == 2);
  CHECK(std::isnan(ends.mean));
  CHECK(ends.quantiles[2] == (0x1p-10 + 0x1p10) / 2);
}

TEST_CASE("optim.probe.close_numbers_keep_their_deviation") {
  std::vector<float> values(5000, 1.0F);
  for (std::size_t i = 0; i < values.size(); i += 2) values[i] = 1 + 0x1p-22F;
  const SignalReading reading = read_signal(values, {.name = "s", .low = 0, .high = 2});
  CHECK(is_close(reading.deviation * 0x1p23, 1));
}

TEST_CASE("optim.probe.deviation_far_from_the_first_element") {
  std::vector<float> values = numbers(9000, 3);
  for (float& value : values) value += 3;
  // A first element that is far away, and a piece of the sum that is nearly constant.
  values[0] = 3000;
  for (std::size_t i = 2048; i < 4096; ++i) values[i] = i % 2 == 0 ? 3.0F : 3.000001F;
  const SignalReading reading = read_signal(values, {.name = "s", .low = 0, .high = 4});
  double mean = 0, square = 0;
  for (const float value : values) mean += static_cast<double>(value) / 9000;
  for (const float value : values) square += std::pow(static_cast<double>(value) - mean, 2) / 9000;
  CHECK(std::abs(reading.mean / mean - 1) < 1e-6);
  CHECK(std::abs(reading.deviation / std::sqrt(square) - 1) < 1e-6);
}

TEST_CASE("optim.probe.signals_too_large_or_too_small_to_square") {
  for (const float size : {1e30F, 1e-30F}) {
    CAPTURE(size);
    std::vector<float> values = numbers(5000, 3);
    double mean = 0, square = 0;
    for (float& value : values) mean += static_cast<double>(value *= size) / 5000;
    for (const float value : values) {
      square += std::pow(static_cast<double>(value) - mean, 2) / 5000;
    }
    const SignalReading reading = read_signal(values, {.name = "s", .low = 0, .high = 1});
    CHECK(std::abs(reading.mean / mean - 1) < 1e-5);
    CHECK(std::abs(reading.deviation / std::sqrt(square) - 1) < 1e-6);
  }
}

TEST_CASE("optim.probe.a_sample_is_evenly_spaced") {
  const std::vector<float> values = numbers(1234, 5);
  const optim::Signal signal{.name = "s", .low = -0.1, .high = 0.1};
  for (const std::int64_t size : {1, 7, 300, 1233, 1234, 5000}) {
    CAPTURE(size);
    std::vector<double> chosen;
    const std::int64_t count = std::min<std::int64_t>(size, 1234);
    for (std::int64_t i = 0; i < count; ++i) {
      chosen.push_back(static_cast<double>(values[static_cast<std::size_t>(i * 1234 / count)]));
    }
    check_distribution(read_signal(values, signal, size), chosen, signal);
  }
}

TEST_CASE("optim.probe.changes_no_step") {
  const auto trained = [](bool is_probed) {
    std::vector<Tensor> parameters{parameter({40, 43}, 1), parameter({40}, 2)};
    NeuroPlastic optimizer(parameters, {.lr = 0.1});
    Probe probe(optimizer, named(parameters), {.every = 1});
    for (int step = 1; step <= 5; ++step) {
      if (is_probed) probe.before_step();
      set_gradients(parameters, step);
      optimizer.step();
      if (is_probed) CHECK(probe.after_step()->tensors[1].signals.size() == 4);
    }
    return values_of(parameters);
  };
  CHECK(trained(true) == trained(false));
}

TEST_CASE("optim.probe.same_bits_for_any_number_of_threads") {
  const auto read = [](int threads) {
    const ThreadCount count(threads);
    std::vector<Tensor> parameters{parameter({400, 431}, 1), parameter({401}, 2)};
    NeuroPlastic optimizer(parameters, {.lr = 0.1});
    Probe probe(optimizer, named(parameters), {.every = 2});
    for (int step = 1; step <= 3; ++step) {
      probe.before_step();
      set_gradients(parameters, step);
      optimizer.step();
      if (const ProbeReading* reading = probe.after_step()) return bits(*reading);
    }
    return std::vector<std::uint64_t>();
  };
  const auto one = read(1);
  CHECK(one.size() > 500);
  CHECK(one == read(2));
  CHECK(one == read(5));
}

TEST_CASE("optim.probe.continues_as_if_never_interrupted") {
  for (const std::int64_t every : {1, 3, 4}) {
    CAPTURE(every);
    std::vector<Tensor> parameters{parameter({40, 43}, 1), parameter({40}, 2)};
    auto optimizer = std::make_unique<NeuroPlastic>(parameters);
    auto probe =
        std::make_unique<Probe>(*optimizer, named(parameters), ProbeOptions{.every = every});
    const auto step = [&](int seed) {
      probe->before_step();
      set_gradients(parameters, seed);
      optimizer->step();
      return probe->after_step();
    };
    for (int i = 1; i <= 3; ++i) step(i);
    const StateDict state = probe->state_dict();
    CHECK(state.size() == (every == 3 ? 1 : 3));
    const StateDict optimizer_state = optimizer->state_dict();
    std::vector<Tensor> weights{parameters[0].clone().detach(), parameters[1].clone().detach()};
    const ProbeReading* reading = step(4);
    const auto expected = reading == nullptr ? std::vector<std::uint64_t>() : bits(*reading);
    CHECK(expected.empty() == (every == 3));

    for (Tensor& tensor : weights) tensor.set_requires_grad();
    parameters = weights;
    optimizer = std::make_unique<NeuroPlastic>(parameters);
    optimizer->load_state_dict(optimizer_state);
    probe = std::make_unique<Probe>(*optimizer, named(parameters), ProbeOptions{.every = every});
    probe->load_state_dict(state);
    CHECK(probe->steps() == 3);
    reading = step(4);
    CHECK((reading == nullptr ? std::vector<std::uint64_t>() : bits(*reading)) == expected);
    if (reading != nullptr) CHECK(!std::isnan(reading->tensors[0].cosine));
  }
}

TEST_CASE("optim.probe.refuses_a_state_that_is_none") {
  std::vector<Tensor> parameters{parameter({4}, 1)};
  Sgd optimizer(parameters);
  Probe probe(optimizer, named(parameters), {.every = 1});
  const auto load = [&](const StateDict& state) {
    return error_of([&] { probe.load_state_dict(state); });
  };
  const std::int64_t two = 2;
  const NamedTensor steps{"steps", Tensor::from<std::int64_t>(std::span(&two, 1), {})};
  CHECK(contains(load({}), "steps"));
  CHECK(contains(load({steps, {"before.1", Tensor::zeros({4})}}), "before.0"));
  CHECK(contains(load({steps, {"before.0", Tensor::zeros({5})}}), "\"0.weight\" is f32 of shape"));
  CHECK(probe.steps() == 0);
  CHECK(load({steps, {"before.0", Tensor::zeros({4})}}) == "no error");
  CHECK(probe.steps() == 2);
}

TEST_CASE("optim.probe.parameters_by_name") {
  std::vector<Tensor> parameters{parameter({4}, 1), parameter({5}, 2), parameter({6}, 3)};
  Sgd optimizer({parameters[0], parameters[2], parameters[1]});
  const auto names = [&](const std::string& pattern) {
    std::string all;
    Probe probe(optimizer, named(parameters), {.tensors = pattern});
    for (const NamedTensor& one : probe.tensors()) all += one.name + " ";
    return all;
  };
  CHECK(names("*") == "0.weight 1.bias 2.weight ");
  CHECK(names("*.weight") == "0.weight 2.weight ");
  CHECK(names("2.*, 1.bias") == "1.bias 2.weight ");
  CHECK(names("?.b*s") == "1.bias ");
  const std::string message = error_of([&] { names("weight"); });
  CHECK(contains(message, "[probe] no parameter's name matches \"weight\""));
  CHECK(contains(message, "0.weight, 1.bias, 2.weight"));
  CHECK(contains(error_of([&] { names(""); }), "no parameter's name matches"));
  // What the optimizer does not have is not probed.
  Sgd other({parameters[1]});
  CHECK(Probe(other, named(parameters)).tensors().size() == 1);
  CHECK(contains(error_of([&] { Probe(other, named(parameters), {.tensors = "0*"}); }), "1.bias"));
}

TEST_CASE("optim.probe.refuses_what_it_cannot_do") {
  std::vector<Tensor> parameters{parameter({4}, 1)};
  Showing optimizer(parameters);
  const auto make = [&](const ProbeOptions& options) {
    return error_of([&] { Probe(optimizer, named(parameters), options); });
  };
  CHECK(contains(make({.every = 0}), "every is 0"));
  CHECK(contains(make({.sample = -1}), "sample is -1"));
  optimizer.described = {{.name = "own", .low = 2, .high = 1}};
  CHECK(contains(make({}), "\"own\" has the range [2, 1]"));
  optimizer.described = {{.name = "own", .low = 0, .high = 1, .is_logarithmic = true}};
  CHECK(contains(make({}), "both above 0"));

  optimizer.described = {{.name = "own"}};
  Probe probe(optimizer, named(parameters), {.every = 1});
  const auto step = [&](std::vector<Tensor> shown, bool is_announced = true) {
    if (is_announced) probe.before_step();
    set_gradients(parameters, 1);
    optimizer.shown = std::move(shown);
    optimizer.step();
    return error_of([&] { probe.after_step(); });
  };
  CHECK(contains(step({}), "shows 0 signals of \"0.weight\" and describes 1"));
  CHECK(contains(step({Tensor::zeros({5})}), "it must be f32 of shape"));
  CHECK(contains(step({Tensor::zeros({4}, {.dtype = DType::f64})}), "it must be f32 of shape"));
  CHECK(contains(step({Tensor()}), "nothing"));
  CHECK(contains(step({Tensor::zeros({4})}, false), "before_step() was not called"));
  CHECK(step({Tensor::zeros({4})}) == "no error");
}

TEST_CASE("optim.probe.tensors_that_are_not_updated") {
  std::vector<Tensor> parameters{parameter({4}, 1), parameter({5}, 2)};
  NeuroPlastic optimizer(parameters);
  Probe probe(optimizer, named(parameters), {.every = 1});
  const auto step = [&](bool has_second, bool is_frozen) {
    probe.before_step();
    set_gradients(parameters, 1);
    if (!has_second) parameters[1].zero_grad();
    parameters[0].set_requires_grad(!is_frozen);
    optimizer.step();
    return probe.after_step()->tensors;
  };
  auto tensors = step(false, false);
  CHECK(tensors[0].is_updated);
  CHECK(!tensors[1].is_updated);
  CHECK(tensors[1].signals.empty());
  tensors = step(true, true);
  CHECK(!tensors[0].is_updated);
  CHECK(tensors[1].is_updated);
  CHECK(tensors[1].signals.size() == 4);
  // Its update before was none.
  CHECK(std::isnan(tensors[1].cosine));
  CHECK(!std::isnan(step(true, true)[1].cosine));
}

TEST_CASE("optim.adam.shows_its_direction") {
  std::vector<Tensor> parameters{parameter({40, 43}, 1), parameter({5}, 2)};
  optim::AdamW optimizer(parameters, {.lr = 0.01, .beta1 = 0.8, .beta2 = 0.99, .eps = 1e-4});
  CHECK(optimizer.signals().at(0).name == "direction");
  CHECK(optimizer.inspect(0).signals.empty());
  std::vector<std::vector<double>> m(2), v(2);
  for (int step = 1; step <= 3; ++step) {
    set_gradients(parameters, 7 * step);
    for (std::size_t i = 0; i < 2; ++i) {
      const std::vector<double> g = doubles(parameters[i].grad());
      m[i].resize(g.size());
      v[i].resize(g.size());
      for (std::size_t k = 0; k < g.size(); ++k) {
        m[i][k] = 0.8 * m[i][k] + 0.2 * g[k];
        v[i][k] = 0.99 * v[i][k] + 0.01 * g[k] * g[k];
      }
    }
    optimizer.step();
    // The direction does not depend on the rate.
    optimizer.set_lr(0);
    for (std::size_t i = 0; i < 2; ++i) {
      const std::vector<double> shown = doubles(optimizer.inspect(i).signals.at(0));
      double worst = 0;
      for (std::size_t k = 0; k < shown.size(); ++k) {
        const double expected = m[i][k] / (1 - std::pow(0.8, step)) /
                                (std::sqrt(v[i][k] / (1 - std::pow(0.99, step))) + 1e-4);
        worst = std::max(worst, std::abs(shown[k] - expected));
      }
      CHECK(worst < 1e-5);
    }
    optimizer.set_lr(0.01);
  }
}

TEST_CASE("optim.probe.classes_derived_from_an_optimizer_show_their_own") {
  class Halved : public NeuroPlastic {
   public:
    using NeuroPlastic::NeuroPlastic;
    optim::Inspection inspect(std::size_t index) const override {
      optim::Inspection shown = NeuroPlastic::inspect(index);
      for (Tensor& signal : shown.signals) signal = signal * 0.5;
      return shown;
    }
  };
  std::vector<Tensor> parameters{parameter({3000}, 1)};
  const auto read = [&](optim::Optimizer& optimizer) {
    Probe probe(optimizer, named(parameters), {.every = 1, .sample = 0});
    probe.before_step();
    set_gradients(parameters, 1);
    optimizer.step();
    return probe.after_step()->tensors[0];
  };
  NeuroPlastic plain(parameters);
  Halved halved(parameters);
  const TensorReading all = read(plain), half = read(halved);
  REQUIRE(half.signals.size() == 4);
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(is_close(half.signals[i].mean, 0.5 * all.signals[i].mean));
    CHECK(half.signals[i].quantiles[2] == 0.5 * all.signals[i].quantiles[2]);
  }
  REQUIRE(half.numbers.size() == 5);
  CHECK(half.numbers[2].value == all.numbers[2].value);
}

TEST_CASE("optim.probe.pieces_are_the_whole") {
  std::vector<Tensor> parameters{parameter({50, 431}, 1), parameter({3}, 2)};
  const auto check = [&](optim::Optimizer& optimizer) {
    Probe probe(optimizer, named(parameters), {.every = 1, .sample = 0});
    probe.before_step();
    set_gradients(parameters, 1);
    optimizer.step();
    const ProbeReading reading = *probe.after_step();
    for (std::size_t i = 0; i < 2; ++i) {
      const optim::Inspection shown = optimizer.inspect(i);
      REQUIRE(shown.signals.size() == optimizer.signals().size());
      for (std::size_t k = 0; k < shown.signals.size(); ++k) {
        std::vector<double> values = doubles(shown.signals[k]);
        const SignalReading& read = reading.tensors[i].signals[k];
        check_distribution(read, values, optimizer.signals()[k]);
        double mean = 0;
        for (const double value : values) mean += value / static_cast<double>(values.size());
        CHECK(is_close(read.mean, mean));
      }
      REQUIRE(shown.numbers.size() == reading.tensors[i].numbers.size());
      for (std::size_t k = 0; k < shown.numbers.size(); ++k) {
        CHECK(shown.numbers[k].name == reading.tensors[i].numbers[k].name);
        CHECK(shown.numbers[k].value == reading.tensors[i].numbers[k].value);
      }
    }
  };
  NeuroPlastic neuroplastic(parameters);
  check(neuroplastic);
  optim::AdamW adamw(parameters);
  check(adamw);
  optim::Sam sam(std::make_unique<NeuroPlastic>(parameters));
  set_gradients(parameters, 2);
  sam.perturb();
  check(sam);
}

TEST_CASE("optim.probe.sam_and_schedule_free") {
  std::vector<Tensor> parameters{parameter({50}, 1)};
  const auto start = doubles(parameters[0]);
  optim::Sam sam(std::make_unique<Sgd>(parameters, optim::SgdOptions{.lr = 0.5}), {.rho = 3});
  Probe probe(sam, named(parameters), {.every = 1});
  probe.before_step();
  set_gradients(parameters, 1);
  sam.perturb();
  set_gradients(parameters, 2);
  sam.step();
  const TensorReading of_sam = probe.after_step()->tensors[0];
  // The way to where the second gradient is taken is no part of the update.
  CHECK(is_close(of_sam.update_norm, norm(difference(doubles(parameters[0]), start))));
  CHECK(is_close(of_sam.gradient_norm, norm(doubles(parameters[0].grad()))));
  CHECK(of_sam.update_norm < 0.6 * of_sam.gradient_norm);

  optim::ScheduleFreeSgd free(parameters, {.lr = 0.1});
  Probe second(free, named(parameters), {.every = 1});
  std::vector<double> update, last;
  for (int i = 1; i <= 3; ++i) {
    const auto before = doubles(parameters[0]);
    second.before_step();
    set_gradients(parameters, i);
    free.step();
    const TensorReading tensor = second.after_step()->tensors[0];
    last = update;
    update = difference(doubles(parameters[0]), before);
    CHECK(is_close(tensor.update_norm, norm(update)));
    if (i > 1) CHECK(is_close(tensor.cosine, product(update, last) / (norm(update) * norm(last))));
    // An evaluation between two steps.
    free.eval();
    free.train();
  }
}
