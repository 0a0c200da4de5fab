// What NeuroPlastic shows of its steps, against the formulas of docs/design.md in f64.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "plastic/optim/neuroplastic.h"
#include "plastic/optim/sam.h"
#include "plastic/optim/sgd.h"
#include "tests/optim/helpers.h"
#include "tests/support/thread_count.h"

using namespace plastic;
using namespace plastic::test;
using optim::HybridBase;
using optim::Inspection;
using optim::NeuroPlastic;
using optim::NeuroPlasticOptions;

namespace {

using Numbers = std::vector<double>;

double mean(const Numbers& x) {
  double sum = 0;
  for (const double value : x) sum += value;
  return sum / static_cast<double>(x.size());
}

double norm(const Numbers& x) {
  double sum = 0;
  for (const double value : x) sum += value * value;
  return std::sqrt(sum);
}

Numbers doubles(const Tensor& tensor) {
  const auto values = tensor.to_vector<float>();
  return {values.begin(), values.end()};
}

/// Over three orders of magnitude, some of them 0.
Tensor gradient(const Shape& shape, int seed) {
  std::vector<float> values;
  for (std::int64_t i = 0; i < shape.numel(); ++i) {
    const auto x = static_cast<double>(i);
    const bool is_zero = i % 17 == 3;
    values.push_back(static_cast<float>(
        is_zero ? 0.0 : 0.1 * std::sin(1.7 * x + seed) * std::exp(3 * std::sin(0.3 * x + seed))));
  }
  return Tensor::from<float>(values, shape);
}

/// One tensor's rule, in f64.
class Reference {
 public:
  explicit Reference(const NeuroPlasticOptions& options) : o_(options) {}

  Numbers alpha, activity, gradient, memory;
  double norm_clip = 0, gain = 0;
  Numbers shares = Numbers(3);

  /// `theta` are the values before the step, `gate` is γ·s.
  void step(const Numbers& theta, const Numbers& g, double gate) {
    const std::size_t n = g.size();
    if (a_.empty()) a_ = m_ = v_ = average_ = square_ = Numbers(n);
    Numbers size(n), w(n);
    for (std::size_t i = 0; i < n; ++i) {
      size[i] = std::abs(g[i]);
      a_[i] = 0.95 * a_[i] + 0.05 * size[i];
      m_[i] = 0.9 * m_[i] + 0.1 * g[i];
      v_[i] = 0.99 * v_[i] + 0.01 * g[i] * g[i];
      w[i] = std::abs(m_[i]) / (std::sqrt(v_[i]) + o_.eps);
    }
    activity = relative(a_);
    gradient = relative(size);
    memory = relative(w);
    alpha.assign(n, 0);
    Numbers combined(n), only = gradient;
    shares.assign(3, 0);
    double counted = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const double terms[] = {o_.activity_weight * activity[i], o_.gradient_weight * gradient[i],
                              o_.memory_weight * memory[i]};
      combined[i] = terms[0] + terms[1] + terms[2];
      if (combined[i] == 0) continue;
      ++counted;
      for (std::size_t k = 0; k < 3; ++k) shares[k] += terms[k] / combined[i];
    }
    for (double& share : shares) share /= counted;
    if (!o_.parameterwise) {
      combined.assign(n, mean(combined));
      only.assign(n, mean(only));
    }
    for (std::size_t i = 0; i < n; ++i) {
      const double first = std::clamp(only[i], o_.min_alpha, o_.max_alpha);
      const double full = std::clamp(combined[i], o_.min_alpha, o_.max_alpha);
      alpha[i] = first + gate * (full - first);
    }
    const Numbers u = update(theta, g);
    const double length = norm(u);
    norm_clip = length > o_.max_update_norm ? o_.max_update_norm / (length + o_.eps) : 1;
    const double limited = length * norm_clip;
    const double rms = std::sqrt(limited * limited / static_cast<double>(n) + o_.eps);
    gain = std::clamp(1 + o_.adaptation_rate * (o_.target_rms - rms), 0.5, 1.5);
  }

 private:
  Numbers relative(const Numbers& x) const {
    const double by = mean(x) + o_.eps;
    Numbers out;
    for (const double value : x) out.push_back(value / by);
    return out;
  }

  /// The direction that the variant starts from, x, and what plasticity adds.
  Numbers update(const Numbers& theta, const Numbers& g) {
    const std::size_t n = g.size();
    const bool is_hybrid = o_.hybrid_base == HybridBase::adamw;
    Numbers x = g, added(n);
    if (is_hybrid) {
      ++steps_;
      for (std::size_t i = 0; i < n; ++i) {
        average_[i] = o_.base_momentum * average_[i] + (1 - o_.base_momentum) * g[i];
        square_[i] = o_.base_beta2 * square_[i] + (1 - o_.base_beta2) * g[i] * g[i];
        x[i] = average_[i] / (1 - std::pow(o_.base_momentum, steps_)) /
               (std::sqrt(square_[i] / (1 - std::pow(o_.base_beta2, steps_))) + o_.base_eps);
      }
    }
    const double weight = is_hybrid ? o_.modulation_strength : 1;
    for (std::size_t i = 0; i < n; ++i) added[i] = weight * (alpha[i] - 1) * x[i];
    const bool is_limited = is_hybrid || o_.bounded_residual;
    const double limit = (is_hybrid ? o_.modulation_max_ratio : o_.residual_max_ratio) * norm(x);
    if (is_limited && norm(added) > limit) {
      const double factor = limit / norm(added);
      for (double& value : added) value *= factor;
    }
    const double decay = is_hybrid ? 0 : o_.weight_decay;
    for (std::size_t i = 0; i < n; ++i) x[i] += added[i] + decay * theta[i];
    return x;
  }

  NeuroPlasticOptions o_;
  Numbers a_, m_, v_, average_, square_;
  int steps_ = 0;
};

void check_close(const Tensor& shown, const Numbers& expected) {
  const Numbers values = doubles(shown);
  REQUIRE(values.size() == expected.size());
  double worst = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    worst = std::max(worst, std::abs(values[i] - expected[i]) / std::max(1.0, expected[i]));
  }
  CHECK(worst < 1e-5);
}

std::vector<std::pair<const char*, NeuroPlasticOptions>> variants() {
  std::vector<std::pair<const char*, NeuroPlasticOptions>> all{
      {"classic", {}},
      {"coupled decay", {.weight_decay = 3, .max_update_norm = 0.5}},
      {"warm-up, scale 2", {.plasticity_scale = 2, .warmup_epochs = 4}},
      {"gradient alone", {.mode = optim::NeuroPlasticMode::ablation_grad_only}},
      {"whole tensors", {.parameterwise = false}},
      {"other weights",
       {.activity_weight = 0, .gradient_weight = 1, .memory_weight = 3, .max_alpha = 1.5}},
      {"strong gain", {.target_rms = 3, .adaptation_rate = 0.1}},
      {"bounded", {.bounded_residual = true}},
      {"on adamw", {.hybrid_base = HybridBase::adamw, .max_update_norm = 20}}};
  for (auto& [name, options] : all) options.lr = 0.1;
  return all;
}

}  // namespace

TEST_CASE("optim.neuroplastic.inspect.agrees_with_the_formulas") {
  for (const auto& [name, options] : variants()) {
    CAPTURE(name);
    // More elements than fit into one chunk of a sum.
    std::vector<Tensor> parameters{parameter({130, 257}, 1), parameter({5}, 2)};
    NeuroPlastic optimizer(parameters, options);
    std::vector<Reference> references(2, Reference(options));
    for (int step = 1; step <= 3; ++step) {
      CAPTURE(step);
      optimizer.set_epoch(step, 3);
      double gate = options.plasticity_scale;
      if (options.warmup_epochs > 0) gate *= static_cast<double>(step - 1) / options.warmup_epochs;
      if (options.mode == optim::NeuroPlasticMode::ablation_grad_only) gate = 0;
      for (std::size_t i = 0; i < 2; ++i) {
        const Tensor g = gradient(parameters[i].shape(), 3 * step + static_cast<int>(i));
        parameters[i].set_grad(g);
        references[i].step(doubles(parameters[i]), doubles(g), gate);
      }
      optimizer.step();
      for (std::size_t i = 0; i < 2; ++i) {
        CAPTURE(i);
        const Reference& expected = references[i];
        const Inspection shown = optimizer.inspect(i);
        REQUIRE(shown.signals.size() == 4);
        CHECK(shown.signals[0].shape() == parameters[i].shape());
        check_close(shown.signals[0], expected.alpha);
        check_close(shown.signals[1], expected.activity);
        check_close(shown.signals[2], expected.gradient);
        check_close(shown.signals[3], expected.memory);
        // Where α = α₀, the gradient has the whole share.
        const bool looks_back = gate != 0;
        const std::pair<const char*, double> numbers[] = {
            {"norm_clip", expected.norm_clip},
            {"gain", expected.gain},
            {"activity_share", looks_back ? expected.shares[0] : 0},
            {"gradient_share", looks_back ? expected.shares[1] : 1},
            {"memory_share", looks_back ? expected.shares[2] : 0}};
        REQUIRE(shown.numbers.size() == std::size(numbers));
        for (std::size_t k = 0; k < std::size(numbers); ++k) {
          CHECK(shown.numbers[k].name == numbers[k].first);
          CHECK(std::abs(shown.numbers[k].value - numbers[k].second) < 1e-5);
        }
      }
    }
  }
}

TEST_CASE("optim.neuroplastic.inspect.signals_are_described") {
  std::vector<Tensor> one{parameter({3}, 1)}, two{parameter({4}, 2)};
  const NeuroPlastic optimizer(
      {{one, {.min_alpha = 0.5, .max_alpha = 1.5}}, {two, {.min_alpha = 0.7, .max_alpha = 3}}});
  const std::vector<optim::Signal> signals = optimizer.signals();
  REQUIRE(signals.size() == 4);
  CHECK(signals[0].name == "alpha");
  CHECK(signals[0].low == 0.5);
  CHECK(signals[0].high == 3);
  CHECK(signals[0].is_clipped);
  CHECK(!signals[0].is_logarithmic);
  CHECK(signals[3].name == "memory");
  CHECK(signals[3].is_logarithmic);
  CHECK(!signals[3].is_clipped);
}

TEST_CASE("optim.neuroplastic.inspect.parameters_that_a_step_left_alone") {
  std::vector<Tensor> parameters{parameter({6}, 1), parameter({4}, 2), parameter({5}, 3)};
  NeuroPlastic optimizer(parameters);
  CHECK(!optimizer.was_updated(0));
  CHECK(optimizer.inspect(0).signals.empty());
  parameters[0].set_requires_grad(false);
  set_gradients(parameters, 1);
  parameters[1].zero_grad();
  optimizer.step();
  CHECK(!optimizer.was_updated(0));
  CHECK(!optimizer.was_updated(1));
  CHECK(optimizer.was_updated(2));
  CHECK(optimizer.inspect(0).signals.empty());
  CHECK(optimizer.inspect(1).numbers.empty());
  // Its own, not those of the first tensor that was stepped over.
  const Inspection shown = optimizer.inspect(2);
  REQUIRE(shown.signals.size() == 4);
  Reference expected({});
  expected.step(doubles(parameter({5}, 3)), doubles(optimizer.gradient(2)), 1);
  check_close(shown.signals[0], expected.alpha);
  CHECK(contains(error_of([&] { optimizer.inspect(3); }), "no parameter 3; there are 3"));
}

TEST_CASE("optim.neuroplastic.inspect.same_bits_for_any_number_of_threads") {
  const auto shown = [](int threads) {
    const ThreadCount count(threads);
    std::vector<Tensor> parameters{parameter({400, 431}, 1)};
    NeuroPlastic optimizer(parameters);
    set_gradients(parameters, 1);
    optimizer.step();
    const Inspection found = optimizer.inspect(0);
    std::vector<double> numbers;
    for (const optim::Diagnostic& number : found.numbers) numbers.push_back(number.value);
    return std::pair(values_of(found.signals), numbers);
  };
  const auto one = shown(1);
  CHECK(one == shown(2));
  CHECK(one == shown(4));
}

TEST_CASE("optim.sam.shows_what_its_base_shows") {
  std::vector<Tensor> parameters{parameter({6}, 1)};
  optim::Sam optimizer(std::make_unique<NeuroPlastic>(parameters));
  set_gradients(parameters, 1);
  optimizer.perturb();
  set_gradients(parameters, 2);
  optimizer.step();
  CHECK(optimizer.signals().size() == 4);
  CHECK(optimizer.was_updated(0));
  Reference expected({});
  expected.step(doubles(parameter({6}, 1)), doubles(parameters[0].grad()), 1);
  check_close(optimizer.inspect(0).signals[0], expected.alpha);
}

TEST_CASE("optim.optimizer.shows_nothing_unless_it_says_so") {
  std::vector<Tensor> parameters{parameter({6}, 1)};
  optim::Sgd optimizer(parameters);
  set_gradients(parameters, 1);
  optimizer.step();
  CHECK(optimizer.signals().empty());
  CHECK(optimizer.inspect(0).signals.empty());
  CHECK(optimizer.inspect(0).numbers.empty());
  CHECK(contains(error_of([&] { optimizer.inspect(1); }), "no parameter 1; there are 1"));
}
