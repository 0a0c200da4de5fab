#include <doctest/doctest.h>

#include <cstdlib>
#include <iostream>
#include <sstream>
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

TEST_CASE("distributed.alone") {
  CHECK(rank() == 0);
  CHECK(size() == 1);
  init();
  CHECK(&world() == &alone());
  Tensor x = Tensor::full({3}, 2);
  broadcast(x);
  all_reduce(x);
  CHECK(x.to_vector<float>() == std::vector<float>{2, 2, 2});
  check_same("text", "any");
  CHECK(any(true));
  CHECK_FALSE(any(false));
}

TEST_CASE("distributed.run.alone") {
  CHECK(run([] { return 0; }) == 0);
  CHECK(run([] { return 3; }) == 3);
  std::ostringstream messages;
  std::streambuf* const before = std::cerr.rdbuf(messages.rdbuf());
  const int thrown = run([]() -> int { throw Error("[test] what went wrong"); });
  const int unknown = run([]() -> int { throw 5; });
  std::cerr.rdbuf(before);
  CHECK(thrown == 1);
  CHECK(unknown == 1);
  CHECK(contains(messages.str(), {"[test] what went wrong\n", "no std::exception"}));
}

TEST_CASE("distributed.threads_per_rank") {
  // Alone, those of the process.
  CHECK(threads_per_rank() <= num_threads());
  CHECK(threads_per_rank() >= 1);
}

TEST_CASE("distributed.all_reduce.tree") {
  // ((0 + 1) + (2 + 3)) + 4, where another order gives other bits.
  const std::vector<float> values = {1.0e8F, 3.0F, -1.0e8F, 5.0F, 0.1F};
  const float expected = ((values[0] + values[1]) + (values[2] + values[3])) + values[4];
  for (const std::int64_t count : {0, 1, 4, 5, 37}) {
    ThreadRanks(5).run([&](Communicator& ranks) {
      Tensor x = Tensor::full({count}, values[static_cast<std::size_t>(ranks.rank())]);
      all_reduce(x, ranks);
      CHECK(x.to_vector<float>() == std::vector<float>(static_cast<std::size_t>(count), expected));
    });
  }
}

TEST_CASE("distributed.broadcast") {
  ThreadRanks(3).run([](Communicator& ranks) {
    Tensor x = Tensor::full({2, 2}, ranks.rank());
    broadcast(x, 2, ranks);
    CHECK(x.to_vector<float>() == std::vector<float>(4, 2.0F));
    const std::string text = ranks.rank() == 0 ? "from the first" : "";
    const auto bytes = broadcast_bytes(std::as_bytes(std::span(text)), 0, ranks);
    CHECK(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()) ==
          "from the first");
    CHECK(any(ranks.rank() == 1, ranks));
  });
}

TEST_CASE("distributed.broadcast.errors") {
  CHECK(contains(error_of([] {
                   ThreadRanks(2).run([](Communicator& ranks) {
                     broadcast(StateDict{{"weight", Tensor::zeros({2 + ranks.rank()})}}, 0, ranks);
                   });
                 }),
                 {"rank 1 has another state than rank 0", "weight f32 (3,)", "weight f32 (2,)"}));
  Tensor columns = Tensor::zeros({2, 3}).transpose(0, 1);
  CHECK(contains(error_of([&] { broadcast(columns); }), {"not contiguous"}));
  Tensor wide = Tensor::zeros({2}, {.dtype = DType::f64});
  CHECK(contains(error_of([&] { all_reduce(wide); }), {"f64", "needs f32"}));
}

TEST_CASE("distributed.check_same") {
  const std::string message = error_of([] {
    ThreadRanks(3).run([](Communicator& ranks) {
      check_same("configuration",
                 ranks.rank() == 2 ? "lr = 0.1\nseed = 2\n" : "lr = 0.1\nseed = 1\n", ranks);
    });
  });
  CHECK(contains(message, {"rank 2 has another configuration than rank 0: seed = 2 and seed = 1"}));
}

TEST_CASE("distributed.distribute") {
  // Two ranks with halves of a batch step as one with all of it.
  const auto data = [](int first, int count) {
    std::vector<float> x;
    for (int i = first; i < first + count; ++i) x.push_back(static_cast<float>(i) / 4);
    return Tensor::from<float>(x, {count, 1});
  };
  const auto step = [](optim::Optimizer& optimizer, const Tensor& weight, const Tensor& x) {
    optimizer.zero_grad();
    const Tensor distance = matmul(x, weight) - 1.0;
    mean(distance * distance).backward();
    optimizer.step();
  };
  Tensor whole = Tensor::full({1, 1}, 0.5).set_requires_grad(true);
  optim::Sgd alone_optimizer({whole}, {.lr = 0.1});
  step(alone_optimizer, whole, data(0, 8));
  ThreadRanks(2).run([&](Communicator& ranks) {
    // The second rank's own value is replaced.
    Tensor weight = Tensor::full({1, 1}, ranks.rank() == 0 ? 0.5 : 9.0).set_requires_grad(true);
    optim::Sgd optimizer({weight}, {.lr = 0.1});
    distribute(optimizer, ranks);
    step(optimizer, weight, data(4 * ranks.rank(), 4));
    CHECK(weight.item() == doctest::Approx(whole.item()).epsilon(1e-6));
  });
}

TEST_CASE("distributed.distribute.gradients_on_some_ranks_only") {
  const std::string message = error_of([] {
    ThreadRanks(2).run([](Communicator& ranks) {
      const Tensor a = Tensor::full({1}, 1).set_requires_grad(true);
      const Tensor b = Tensor::full({1}, 1).set_requires_grad(true);
      optim::Sgd optimizer({a, b}, {.lr = 0.1});
      distribute(optimizer, ranks);
      sum(a + b).backward();
      optimizer.step();
      optimizer.zero_grad();
      (ranks.rank() == 0 ? sum(a + b) : sum(a)).backward();
      optimizer.step();
    });
  });
  CHECK(contains(message, {"rank 1 has another set of gradients", "1 has none"}));
}

}  // namespace
}  // namespace plastic::distributed
