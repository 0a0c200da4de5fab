// What ranks compare of themselves and of each other.
#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "apps/training/fingerprint.h"
#include "apps/training/optimizer_options.h"
#include "apps/training/optimizer_overrides.h"
#include "apps/training/training.h"
#include "plastic/data/digits.h"
#include "plastic/distributed.h"
#include "tests/support/text.h"
#include "tests/support/thread_ranks.h"

namespace plastic::apps {
namespace {

using distributed::Communicator;

/// Another communicator, which may change a gradient on the way to this rank.
class ChangesNumbers : public Communicator {
 public:
  ChangesNumbers(Communicator& whole, bool changes) : whole_(whole), changes_(changes) {}

  int rank() const override { return whole_.rank(); }
  int size() const override { return whole_.size(); }
  void barrier() override { whole_.barrier(); }
  void broadcast(std::span<std::byte> bytes, int root) override { whole_.broadcast(bytes, root); }
  void all_gather(std::span<const std::byte> mine, std::span<std::byte> all) override {
    whole_.all_gather(mine, all);
  }
  void all_gather_parts(std::span<std::byte> whole, std::span<const std::size_t> offsets) override {
    whole_.all_gather_parts(whole, offsets);
    // Texts are shorter than all gradients. The highest byte of the first one, which becomes 0.5.
    constexpr std::size_t longest_text = 10'000;
    if (changes_ && whole.size() > longest_text) whole[3] = std::byte{0x3f};
  }
  void exchange(std::span<const std::span<const std::byte>> to,
                std::span<const std::span<std::byte>> from) override {
    whole_.exchange(to, from);
  }
  void all_reduce_plain(std::span<float> values) override { whole_.all_reduce_plain(values); }
  void abort(int code) noexcept override { whole_.abort(code); }
  void send(std::span<const std::byte> bytes, int to) override { whole_.send(bytes, to); }
  bool try_receive(std::vector<std::byte>& bytes, int& from) override {
    return whole_.try_receive(bytes, from);
  }

 private:
  Communicator& whole_;
  bool changes_;
};

/// Every rank's error in a run of one epoch.
std::vector<std::string> messages_of(bool changes) {
  const data::DatasetPair digits = data::digits({.train_size = 40, .test_size = 10});
  const TrainConfig config{.hidden = std::vector<std::int64_t>{8},
                           .optimizer = resolve_settings("sgd", false, {}),
                           .epochs = 1,
                           .batch_size = 20,
                           .shards = 2};
  std::vector<std::string> messages(2);
  test::ThreadRanks(2).run([&](Communicator& whole) {
    ChangesNumbers ranks(whole, changes && whole.rank() == 1);
    messages[static_cast<std::size_t>(whole.rank())] = test::error_of([&] {
      TrainingObserver nobody;
      Training(config, digits, nobody, ranks).run_epoch(1);
    });
  });
  return messages;
}

TEST_CASE("apps.ranks.networks_that_differ_are_noticed_after_the_epoch") {
  CHECK(messages_of(false) == std::vector<std::string>(2, "no error"));
  const std::vector<std::string> messages = messages_of(true);
  CAPTURE(messages[0]);
  CHECK(test::contains(messages[0], {"rank 1 has another network after epoch 1 than rank 0"}));
  CHECK(messages[1] == messages[0]);
}

TEST_CASE("apps.fingerprint") {
  const auto of = [](const std::vector<float>& values) {
    return fingerprint({Tensor::from<float>(values, {std::ssize(values)})});
  };
  CHECK(of({1, 2, 3}).size() == 16);
  CHECK(of({1, 2, 3}) == of({1, 2, 3}));
  CHECK(of({1, 2, 3}) != of({1, 3, 2}));
  CHECK(of({0, 0}) != of({0, 0, 0}));
  // Two bits that are the highest of their words.
  CHECK(of({1, 2, 3, 4}) != of({1, -2, 3, -4}));
  CHECK(fingerprint({Tensor::zeros({2}), Tensor::ones({1})}) !=
        fingerprint({Tensor::zeros({3}), Tensor::ones({0})}));
}

}  // namespace
}  // namespace plastic::apps
