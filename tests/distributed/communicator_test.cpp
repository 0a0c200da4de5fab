#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <optional>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plastic/distributed.h"
#include "plastic/plastic.h"
#include "tests/support/scoped_env.h"
#include "tests/support/text.h"
#include "tests/support/thread_ranks.h"

namespace plastic::distributed {
namespace {

using test::contains;
using test::error_of;
using test::ScopedEnv;
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

TEST_CASE("distributed.init_forgotten") {
  constexpr const char* size_of_open_mpi = "OMPI_COMM_WORLD_SIZE";
  REQUIRE(is_initialized());
  std::optional<ScopedEnv> started(std::in_place, size_of_open_mpi, "2");
  CHECK_FALSE(is_initialized());
  Tensor x = Tensor::ones({2});
  for (const std::string& message :
       {error_of([] { world(); }), error_of([] { rank(); }), error_of([] { size(); }),
        error_of([&] { all_reduce(x); }), error_of([&] { broadcast(x); })}) {
    CHECK(contains(message, {"one of 2", "has not joined the others", "distributed::init()"}));
  }
  all_reduce(x, alone());
  started.reset();
  CHECK(rank() == 0);
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
  // Errors of one rank are errors of all: nobody waits for it.
  const auto both_fail = [](const std::function<void(Communicator&)>& call) {
    std::string messages[2];
    ThreadRanks(2).run(
        [&](Communicator& ranks) { messages[ranks.rank()] = error_of([&] { call(ranks); }); });
    CHECK(messages[0] == messages[1]);
    return messages[0];
  };
  CHECK(contains(both_fail([](Communicator& ranks) {
                   Tensor x = Tensor::zeros({2 + ranks.rank()});
                   broadcast(x, 0, ranks);
                 }),
                 {"rank 1 has another tensor than rank 0", "f32 (3,)", "f32 (2,)"}));
  CHECK(contains(both_fail([](Communicator& ranks) {
                   Tensor x = Tensor::zeros({2});
                   broadcast(x, ranks.rank(), ranks);
                 }),
                 {"from rank 1", "from rank 0"}));
  CHECK(contains(both_fail([](Communicator& ranks) {
                   Tensor x = Tensor::zeros({2, 3});
                   if (ranks.rank() == 1) x = Tensor::zeros({3, 2}).transpose(0, 1);
                   all_reduce(x, ranks);
                 }),
                 {"f32 (2, 3), not contiguous and f32 (2, 3)"}));
  CHECK(contains(both_fail([](Communicator& ranks) {
                   Tensor x =
                       Tensor::zeros({2}, {.dtype = ranks.rank() == 0 ? DType::f32 : DType::f64});
                   all_reduce(x, ranks);
                 }),
                 {"f64 (2,) and f32 (2,)"}));
  CHECK(contains(both_fail([](Communicator& ranks) {
                   Tensor x = Tensor::zeros({2, 3});
                   if (ranks.rank() == 0) x = Tensor::zeros({3, 2}).transpose(0, 1);
                   broadcast(StateDict{{"weight", x}}, 0, ranks);
                 }),
                 {"weight f32 (2, 3) from rank 0 and weight f32 (2, 3), not contiguous"}));
  CHECK(contains(both_fail([](Communicator& ranks) {
                   const Tensor a = Tensor::zeros({2}).set_requires_grad(true);
                   const Tensor b = Tensor::zeros({2}).set_requires_grad(true);
                   optim::Sgd optimizer(ranks.rank() == 0 ? std::vector<Tensor>{a, b}
                                                          : std::vector<Tensor>{a});
                   distribute(optimizer, ranks);
                 }),
                 {"nothing and parameter 1 f32 (2,)"}));
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

TEST_CASE("distributed.check_same.a_line_more_or_less") {
  const auto message = [](const std::string& first, const std::string& second) {
    return error_of([&] {
      ThreadRanks(2).run([&](Communicator& ranks) {
        check_same("configuration", ranks.rank() == 0 ? first : second, ranks);
      });
    });
  };
  CHECK(contains(message("a = 1\nc = 3\n", "a = 1\nb = 2\nc = 3\n"), {": b = 2 and nothing;"}));
  CHECK(contains(message("a = 1\nb = 2\nc = 3\n", "a = 1\nc = 3\n"), {": nothing and b = 2;"}));
  CHECK(contains(message("a = 1\n", "a = 1\nb = 2"), {": b = 2 and nothing;"}));
  CHECK(contains(message("", "a = 1"), {": a = 1 and nothing;"}));
  // Lines in another order, and what line ends alone tell apart.
  CHECK(contains(message("a\nb\n", "b\na\n"), {": b and a;"}));
  CHECK(contains(message("a\n", "a"), {"rank 1 has another configuration"}));
}

/// Two ranks, the other of which has this one's texts, but for the compiler.
class AnotherCompiler : public Communicator {
 public:
  int rank() const override { return 0; }
  int size() const override { return 2; }
  void barrier() override {}
  void broadcast(std::span<std::byte>, int) override {}
  void all_gather(std::span<const std::byte> mine, std::span<std::byte> all) override {
    std::ranges::copy(mine, all.begin());
    std::ranges::copy(mine, all.subspan(mine.size()).begin());
  }
  void all_gather_parts(std::span<std::byte> whole, std::span<const std::size_t> offsets) override {
    const auto mine = whole.first(offsets[1]);
    const auto other = whole.subspan(offsets[1]);
    std::ranges::copy(mine, other.begin());
    const std::string_view name = "compiler";
    const auto found = std::ranges::search(other, std::as_bytes(std::span(name)));
    if (!found.empty()) found.front() = std::byte{'C'};
  }
  void exchange(std::span<const std::span<const std::byte>>,
                std::span<const std::span<std::byte>>) override {}
  void all_reduce_plain(std::span<float>) override {}
  void abort(int code) noexcept override { std::_Exit(code); }
  void send(std::span<const std::byte>, int) override {}
  bool try_receive(std::vector<std::byte>&, int&) override { return false; }
};

TEST_CASE("distributed.check_same_processor") {
  ThreadRanks(2).run([](Communicator& ranks) { check_same_processor(ranks); });
  AnotherCompiler other;
  CHECK(contains(error_of([&] { check_same_processor(other); }),
                 {"rank 1 has another build or processor than rank 0", "Compiler"}));
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
