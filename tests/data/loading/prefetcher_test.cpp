// What becomes of prefetch threads when the process ends, forks, or cannot have them.
#include "data/loading/prefetcher.h"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "plastic/core/error.h"
#include "plastic/data/loader.h"
#include "plastic/data/shapes.h"
#include "tests/support/child.h"
#include "tests/support/limits.h"

using namespace plastic;
using namespace plastic::data;

namespace {

TensorPair numbered(std::int64_t index) {
  return {{}, Tensor::full({1}, static_cast<double>(index), {.dtype = DType::i64})};
}

std::int64_t number_of(const TensorPair& batch) { return batch.targets.to_vector<std::int64_t>()[0]; }

std::vector<std::vector<std::int64_t>> rest_of(Loader& loader) {
  std::vector<std::vector<std::int64_t>> labels;
  for (Batch batch; loader.next(batch);) labels.push_back(batch.labels.to_vector<std::int64_t>());
  return labels;
}

TEST_CASE("data.prefetcher.in_the_child_of_a_fork") {
  if (test::skips_threads_of_children()) return;
  const ImageDataset images = shapes({.train_size = 200, .test_size = 10}).train;
  Batch batch;
  for (const int threads : {1, 4}) {
    CAPTURE(threads);
    Loader loader(images, {.batch_size = 5, .prefetch_threads = threads});
    loader.start_epoch();
    loader.next(batch);
    // Children read on from where they were forked, or not at all, or begin again.
    std::vector<std::vector<std::int64_t>> expected;
    {
      Loader same(images, {.batch_size = 5});
      same.start_epoch();
      same.next(batch);
      expected = rest_of(same);
    }
    for (int i = 0; i < 5; ++i) {
      CHECK(test::in_child([&] { return rest_of(loader) == expected ? 0 : 7; }) == 0);
      CHECK(test::in_child([&] {
              const Loader moved = std::move(loader);
              return 0;
            }) == 0);
      CHECK(test::in_child([&] {
              loader.start_epoch();
              return rest_of(loader).size() == 40 ? 0 : 7;
            }) == 0);
    }
    CHECK(rest_of(loader) == expected);
  }
}

TEST_CASE("data.prefetcher.at_the_end_of_the_process") {
  if (test::skips_threads_of_children()) return;
  // Full of batches, and in the middle of one.
  CHECK(test::in_child([] {
          static Loader loader(shapes({.train_size = 200, .test_size = 10}).train,
                               {.batch_size = 5, .prefetch_threads = 3});
          loader.start_epoch();
          Batch batch;
          return loader.next(batch) ? 0 : 7;
        }) == 0);
  CHECK(test::in_child([] {
          static Prefetcher prefetcher(2, 0, 100, [](std::int64_t index) {
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
            return numbered(index);
          });
          return number_of(prefetcher.take()) == 0 ? 0 : 7;
        }) == 0);
  // On a thread of its own.
  CHECK(test::in_child([] {
          static Prefetcher prefetcher(2, 0, 100, [](std::int64_t index) -> TensorPair {
            if (index == 3) std::exit(5);
            return numbered(index);
          });
          while (true) prefetcher.take();
          return 7;
        }) == 5);
}

TEST_CASE("data.prefetcher.threads_that_cannot_be_started") {
  if (!test::can_limit_memory()) {
    MESSAGE("skipped: sanitizers need the address space, and emulators set no limit to it");
    return;
  }
  CHECK(test::in_child([] {
          test::limit_more_memory(std::size_t{64} << 20);
          std::string message;
          try {
            const Prefetcher prefetcher(64, 0, 1000, numbered);
          } catch (const Error& error) {
            message = error.what();
          }
          if (!message.starts_with("[loader] cannot start 64 prefetch threads: ")) return 5;
          // Those that were started are gone, and fewer work.
          Prefetcher prefetcher(2, 0, 1000, numbered);
          return number_of(prefetcher.take()) == 0 ? 0 : 7;
        }) == 0);
}

}  // namespace
