#include <doctest/doctest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "plastic/distributed.h"
#include "plastic/plastic.h"
#include "tests/support/text.h"
#include "tests/support/thread_ranks.h"

namespace plastic::distributed {
namespace {

using test::contains;
using test::error_of;
using test::ThreadRanks;

/// A network with batch normalisations, beside them a parameter that nothing reads.
struct Net {
  explicit Net(double dropout)
      : model(std::make_shared<nn::Sequential>(std::initializer_list<nn::ModulePtr>{
            std::make_shared<nn::Conv2d>(
                2, 6, 3, nn::Conv2dOptions{.padding = {1, 1}, .generator = &weights}),
            std::make_shared<nn::BatchNorm2d>(6), std::make_shared<nn::ReLU>(),
            std::make_shared<nn::Flatten>(), std::make_shared<nn::Dropout>(dropout, &generator),
            std::make_shared<nn::Linear>(6 * 6 * 6, 4, nn::LinearOptions{.generator = &weights}),
            std::make_shared<nn::BatchNorm1d>(4)})),
        idle(Tensor::ones({5}).set_requires_grad(true)) {}

  std::vector<Tensor> parameters() const {
    std::vector<Tensor> all = model->parameters();
    all.push_back(idle);
    return all;
  }

  Generator weights{.seed = 5};
  Generator generator{.seed = 9, .stream = 3};
  std::shared_ptr<nn::Sequential> model;
  Tensor idle;
};

struct Data {
  explicit Data(std::int64_t batch) {
    Generator generator{.seed = 17};
    images = normal({batch, 2, 6, 6}, 0.3, 1.5, generator);
    std::vector<std::int64_t> classes;
    for (std::int64_t i = 0; i < batch; ++i) classes.push_back(i * i % 4);
    labels = Tensor::from<std::int64_t>(classes, {batch});
  }
  Tensor images, labels;
};

/// What two batches leave: gradients, weights, running statistics, sums, the generator.
struct Outcome {
  std::vector<std::vector<float>> values = {};
  std::vector<double> sums = {};
  std::uint64_t offset = 0;
  bool has_idle_gradient = false;
  bool operator==(const Outcome&) const = default;
};

Outcome outcome_of(Net& net) {
  Outcome outcome{.offset = net.generator.offset, .has_idle_gradient = net.idle.grad().defined()};
  for (const Tensor& parameter : net.model->parameters()) {
    outcome.values.push_back(parameter.to_vector<float>());
    outcome.values.push_back(parameter.grad().to_vector<float>());
  }
  for (const NamedTensor& buffer : net.model->named_buffers()) {
    if (buffer.tensor.dtype() == DType::f32)
      outcome.values.push_back(buffer.tensor.to_vector<float>());
  }
  return outcome;
}

Outcome train(Communicator& ranks, std::int64_t batch, int shards, double dropout) {
  Net net(dropout);
  optim::Sgd optimizer(net.parameters(), {.lr = 0.1, .momentum = 0.9});
  ShardedBackward backward(optimizer, {.shards = shards, .generator = &net.generator}, ranks);
  const Data data(batch);
  std::vector<double> sums;
  for (int step = 0; step < 2; ++step) {
    optimizer.zero_grad();
    sums = backward.run(batch, [&](const Shard& shard) {
      // Only what is this rank's.
      const Rows own = backward.rows(batch);
      REQUIRE(own.first <= shard.rows.first);
      REQUIRE(shard.rows.last <= own.last);
      const Tensor x = data.images.slice(0, shard.rows.first, shard.rows.last);
      const Tensor loss =
          cross_entropy((*net.model)(x), data.labels.slice(0, shard.rows.first, shard.rows.last));
      return ShardResult{.loss = loss,
                         .numbers = {loss.item() * static_cast<double>(shard.rows.count()), 1.0}};
    });
    optimizer.step();
  }
  Outcome outcome = outcome_of(net);
  outcome.sums = sums;
  return outcome;
}

Outcome train_on(int ranks, std::int64_t batch, int shards, double dropout) {
  std::vector<Outcome> outcomes(static_cast<std::size_t>(ranks));
  ThreadRanks(ranks).run([&](Communicator& own) {
    outcomes[static_cast<std::size_t>(own.rank())] = train(own, batch, shards, dropout);
  });
  for (const Outcome& outcome : outcomes) CHECK(outcome == outcomes.front());
  return outcomes.front();
}

double largest_difference(const Outcome& a, const Outcome& b) {
  double largest = 0;
  REQUIRE(a.values.size() == b.values.size());
  for (std::size_t i = 0; i < a.values.size(); ++i) {
    REQUIRE(a.values[i].size() == b.values[i].size());
    for (std::size_t j = 0; j < a.values[i].size(); ++j) {
      largest = std::max(largest, std::abs(double{a.values[i][j]} - double{b.values[i][j]}));
    }
  }
  return largest;
}

TEST_CASE("distributed.backward.same_bits_on_any_number_of_ranks") {
  for (const std::int64_t batch : {32, 21, 5, 2}) {
    CAPTURE(batch);
    const Outcome one = train_on(1, batch, 8, 0.3);
    CHECK_FALSE(one.has_idle_gradient);
    CHECK(one.offset > 0);
    for (const int ranks : {2, 3, 4, 8}) {
      CAPTURE(ranks);
      CHECK(train_on(ranks, batch, 8, 0.3) == one);
    }
  }
}

TEST_CASE("distributed.backward.is_that_of_the_whole_batch") {
  constexpr std::int64_t batch = 24;
  Net net(0);
  optim::Sgd optimizer(net.parameters(), {.lr = 0.1, .momentum = 0.9});
  const Data data(batch);
  double loss_before = 0;
  for (int step = 0; step < 2; ++step) {
    optimizer.zero_grad();
    const Tensor loss = cross_entropy((*net.model)(data.images), data.labels);
    loss_before = loss.item();
    loss.backward();
    optimizer.step();
  }
  const Outcome whole = outcome_of(net);
  for (const int shards : {8, 5, 1, 0}) {
    CAPTURE(shards);
    const Outcome sharded = train_on(shards == 0 ? 3 : shards == 1 ? 1 : 2, batch, shards, 0);
    CHECK(largest_difference(sharded, whole) < 2e-6);
    CHECK(sharded.sums[0] / batch == doctest::Approx(loss_before).epsilon(1e-6));
    CHECK(sharded.sums[1] == (shards == 0 ? 3 : shards));
  }
}

TEST_CASE("distributed.backward.adds_to_gradients") {
  ThreadRanks(2).run([](Communicator& ranks) {
    Tensor weight = Tensor::full({1}, 2).set_requires_grad(true);
    optim::Sgd optimizer({weight}, {.lr = 0.1});
    // Ranks that are threads cannot share default_generator().
    Generator own;
    ShardedBackward backward(optimizer, {.shards = 4, .generator = &own}, ranks);
    const auto run = [&] {
      backward.run(8, [&](const Shard&) { return ShardResult{.loss = sum(weight * 3)}; });
    };
    run();
    CHECK(weight.grad().item() == 3);
    const Tensor held = weight.grad();
    run();
    CHECK(weight.grad().item() == 6);
    optimizer.zero_grad();
    run();
    CHECK(weight.grad().item() == 3);
    // As by backward(), which adds in place and then begins with a tensor of its own.
    CHECK(held.item() == 6);
  });
}

TEST_CASE("distributed.backward.modes_of_the_calling_thread") {
  // Whether a rank has one shard or eight, they do not reach forward.
  for (const int ranks : {1, 8}) {
    ThreadRanks(ranks).run([](Communicator& own) {
      Net net(0);
      optim::Sgd optimizer(net.parameters(), {.lr = 0.1});
      ShardedBackward backward(optimizer, {.shards = 8, .generator = &net.generator}, own);
      const nn::FrozenStatistics frozen;
      backward.run(8, [&](const Shard& shard) {
        CHECK_FALSE(nn::FrozenStatistics::is_on());
        return ShardResult{
            .loss = sum((*net.model)(Data(8).images.slice(0, shard.rows.first, shard.rows.last)))};
      });
    });
  }
}

TEST_CASE("distributed.backward.gradients_from_outside") {
  Tensor weight = Tensor::full({1}, 2).set_requires_grad(true);
  optim::Sgd optimizer({weight}, {.lr = 0.1});
  ShardedBackward backward(optimizer, {.shards = 2});
  backward.run(4, [&](const Shard&) {
    Tensor given = weight;
    given.set_grad(Tensor::full({1}, 5));
    return ShardResult{.loss = sum(weight)};
  });
  // 5 from outside and half of 1 in each shard.
  CHECK(weight.grad().item() == 11);
}

TEST_CASE("distributed.backward.errors") {
  Tensor weight = Tensor::full({1}, 2).set_requires_grad(true);
  optim::Sgd optimizer({weight}, {.lr = 0.1});
  Generator generator{.seed = 3, .offset = 11};
  ShardedBackward backward(optimizer, {.shards = 4, .generator = &generator});
  const auto good = [&](const Shard&) { return ShardResult{.loss = sum(weight)}; };
  CHECK(contains(error_of([&] { backward.run(0, good); }), {"batch of 0 examples"}));
  CHECK(contains(error_of([&] {
                   backward.run(8, [&](const Shard& shard) {
                     if (shard.index == 2) throw Error("[test] this shard");
                     uniform({3}, 0, 1, generator);
                     return good(shard);
                   });
                 }),
                 {"this shard"}));
  // As if it had not been called.
  CHECK_FALSE(weight.grad().defined());
  CHECK(generator == Generator{.seed = 3, .offset = 11});
  CHECK(contains(error_of([&] {
                   backward.run(8, [&](const Shard& shard) {
                     return ShardResult{.loss = sum(weight),
                                        .numbers = std::vector<double>(shard.index == 1 ? 2 : 1)};
                   });
                 }),
                 {"a shard gave 2 numbers, another 1"}));
  backward.run(8, good);
  CHECK(weight.grad().item() == 1);
  ThreadRanks ranks(3);
  CHECK(contains(error_of([&] {
                   ranks.run(
                       [&](Communicator& own) { ShardedBackward(optimizer, {.shards = 2}, own); });
                 }),
                 {"3 ranks", "2 shards"}));
}

/// What both of two ranks throw, the same: nobody waits for the other.
std::string error_of_two(const std::function<void(Communicator&)>& call) {
  std::string messages[2];
  ThreadRanks(2).run(
      [&](Communicator& ranks) { messages[ranks.rank()] = error_of([&] { call(ranks); }); });
  CHECK(messages[0] == messages[1]);
  return messages[0];
}

TEST_CASE("distributed.backward.ranks_that_differ") {
  const auto message = [](const std::function<void(Communicator&, ShardOptions&, std::int64_t&,
                                                   std::size_t&, std::int64_t&)>& change) {
    return error_of_two([&](Communicator& ranks) {
      Generator generator{.seed = 3};
      ShardOptions options{.shards = 4, .generator = &generator};
      std::int64_t inputs = 5;
      std::size_t numbers = 1;
      std::int64_t batch = 8;
      change(ranks, options, inputs, numbers, batch);
      Tensor weight = Tensor::ones({inputs}).set_requires_grad(true);
      optim::Sgd optimizer({weight}, {.lr = 0.1});
      ShardedBackward backward(optimizer, options, ranks);
      backward.run(batch, [&](const Shard&) {
        return ShardResult{.loss = sum(dropout(weight, 0.5, generator)),
                           .numbers = std::vector<double>(numbers)};
      });
    });
  };
  CHECK(message([](auto&, auto&, auto&, auto&, auto&) {}) == "no error");
  CHECK(contains(message([](Communicator& ranks, ShardOptions& options, auto&, auto&, auto&) {
                   options.shards = 4 + ranks.rank();
                 }),
                 {"rank 1 has another batch in shards", "shards 5 and shards 4"}));
  CHECK(contains(
      message([](auto&, ShardOptions& options, auto&, auto&, auto&) { options.shards = -1; }),
      {"a batch in -1 shards"}));
  CHECK(contains(message([](Communicator& ranks, auto&, std::int64_t& inputs, auto&, auto&) {
                   inputs += ranks.rank();
                 }),
                 {"parameter 0 (6,)", "parameter 0 (5,)"}));
  CHECK(contains(message([](Communicator& ranks, auto&, auto&, std::size_t& numbers, auto&) {
                   numbers += static_cast<std::size_t>(ranks.rank());
                 }),
                 {"a shard of rank 1 gave 2 numbers, one of rank 0 1"}));
  CHECK(contains(message([](Communicator& ranks, auto&, auto&, auto&, std::int64_t& batch) {
                   batch -= ranks.rank();
                 }),
                 {"rank 1 computed its part of a batch of 7 examples, rank 0 of one of 8"}));
  CHECK(contains(message([](Communicator& ranks, ShardOptions& options, auto&, auto&, auto&) {
                   options.generator->offset += static_cast<std::uint64_t>(ranks.rank());
                 }),
                 {"rank 1 draws from a generator with seed 3, stream 0 and offset 1"}));
}

TEST_CASE("distributed.backward.draws_from_the_default_generator") {
  // Each shard from a sequence of its own, as from a generator that is given.
  const auto drawn = [](Generator* given, Generator& used) {
    Tensor weight = Tensor::ones({1}).set_requires_grad(true);
    optim::Sgd optimizer({weight}, {.lr = 0.1});
    ShardedBackward backward(optimizer, {.shards = 2, .generator = given});
    std::vector<float> values;
    backward.run(2, [&](const Shard&) {
      values.push_back(uniform({1}, 0, 1, used).item<float>());
      return ShardResult{.loss = sum(weight)};
    });
    return values;
  };
  Generator own{.seed = 8};
  const std::vector<float> expected = drawn(&own, own);
  manual_seed(8);
  CHECK(drawn(nullptr, default_generator()) == expected);
  CHECK(default_generator() == own);
}

TEST_CASE("distributed.backward.one_value_per_channel") {
  // A shard of one example is no error where the batch has more.
  Tensor x = Tensor::from<float>(std::vector<float>{1, 2, 3, 4}, {2, 2});
  nn::BatchNorm1d norm(2);
  optim::Sgd optimizer(norm.parameters(), {.lr = 0.1});
  ShardedBackward backward(optimizer, {.shards = 2});
  const auto forward = [&](const Shard& shard) {
    return ShardResult{.loss = sum(norm(x.slice(0, shard.rows.first, shard.rows.last)))};
  };
  backward.run(2, forward);
  CHECK(norm.named_buffers()[0].tensor.to_vector<float>() ==
        std::vector<float>{0.1F * 2.0F, 0.1F * 3.0F});
  CHECK(contains(error_of([&] { backward.run(1, forward); }), {"more than one value a channel"}));
}

}  // namespace
}  // namespace plastic::distributed
