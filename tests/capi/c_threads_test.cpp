// The C API from many threads, and in children of fork(), each with handles of its own.
#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "plastic/c_api.h"
#include "tests/capi/saved_file.h"
#include "tests/optim/helpers.h"
#include "tests/support/child.h"
#include "tests/support/limits.h"
#include "tests/support/thread_count.h"

using namespace plastic;
using test::numbers;

namespace {

/// Throws what was wrong: threads must not end a test.
void need(plastic_status status) {
  if (status != PLASTIC_OK) throw std::runtime_error(plastic_last_error());
}

/// All that a program does with handles: makes an optimizer over parameters that several threads of
/// the library share a step of, steps, saves, loads into another optimizer, steps on; loads a
/// network and runs it. Gives the weights and the logits.
std::vector<float> use(const char* name, const test::TemporaryFolder& folder, const char* own) {
  constexpr std::array<std::int64_t, 2> shape = {200, 100};
  constexpr std::int64_t count = shape[0] * shape[1];
  std::vector<float> weight = numbers(count, 1);
  const plastic_parameter parameter{weight.data(), weight.size(), shape.data(), shape.size()};
  plastic_optimizer* optimizer = nullptr;
  plastic_optimizer* second = nullptr;
  plastic_model* model = nullptr;
  std::vector<float> out;
  const auto step = [&](plastic_optimizer* with, int seed) {
    const std::vector<float> gradient = numbers(count, seed);
    const float* gradients = gradient.data();
    need(plastic_optimizer_step(with, &gradients, 1));
  };
  try {
    need(plastic_optimizer_create(name, nullptr, &parameter, 1, &optimizer));
    need(plastic_optimizer_set_epoch(optimizer, 3, 4));
    for (int i = 0; i < 3; ++i) step(optimizer, i);
    if (plastic_optimizer_set_lr(optimizer, -1) != PLASTIC_ERROR_REFUSED ||
        std::string(plastic_last_error()).find("-1") == std::string::npos) {
      throw std::runtime_error("a rate of -1 was not refused");
    }
    const std::string path = folder / own;
    need(plastic_optimizer_save(optimizer, path.c_str()));
    need(plastic_optimizer_create(name, nullptr, &parameter, 1, &second));
    need(plastic_optimizer_load(second, path.c_str()));
    plastic_optimizer_destroy(&optimizer);
    for (int i = 3; i < 6; ++i) step(second, i);
    need(plastic_model_load(folder.path().string().c_str(), &model));
    const std::vector<float> images = numbers(64 * test::per_image, 5);
    std::vector<float> logits(64 * 2);
    for (int i = 0; i < 3; ++i) {
      need(
          plastic_model_run(model, 64, images.data(), images.size(), logits.data(), logits.size()));
    }
    out = weight;
    out.insert(out.end(), logits.begin(), logits.end());
  } catch (const std::exception& error) {
    MESSAGE(error.what());
  }
  plastic_optimizer_destroy(&optimizer);
  plastic_optimizer_destroy(&second);
  plastic_model_destroy(&model);
  return out;
}

}  // namespace

TEST_CASE("capi.threads.handles_of_their_own_have_the_bits_of_one_thread") {
  const test::ThreadCount count(3);
  const test::SavedFile file;
  file.save("best.safetensors");
  const std::size_t names = plastic_optimizer_name_count();
  std::vector<std::vector<float>> together(names);
  {
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < names; ++i) {
      threads.emplace_back([&, i] {
        together[i] = use(plastic_optimizer_name(i), file.folder, std::to_string(i).c_str());
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  for (std::size_t i = 0; i < names; ++i) {
    const char* name = plastic_optimizer_name(i);
    CAPTURE(std::string(name));
    const std::vector<float> alone = use(name, file.folder, "alone");
    CHECK_FALSE(alone.empty());
    CHECK(together[i] == alone);
  }
}

TEST_CASE("capi.fork.children_have_the_bits_of_the_parent") {
  if (test::skips_threads_of_children()) return;
  const test::SavedFile file;
  file.save("best.safetensors");
  const auto is_right = [&](const std::vector<float>& expected) {
    return !expected.empty() && use("neuroplastic", file.folder, "child") == expected ? 0 : 7;
  };
  for (const int threads : {1, 3}) {
    CAPTURE(threads);
    const test::ThreadCount count(threads);
    const std::vector<float> expected = use("neuroplastic", file.folder, "parent");
    CHECK(test::in_child([&] { return is_right(expected); }) == 0);
  }
  // While another thread uses handles of its own.
  const test::ThreadCount count(3);
  const std::vector<float> expected = use("neuroplastic", file.folder, "parent");
  std::atomic<bool> done = false, ended = false;
  std::thread([&] {
    while (!done) use("adam", file.folder, "other");
    ended = true;
  }).detach();
  for (int i = 0; i < 10; ++i) {
    CHECK(test::in_child([&] {
            const int code = is_right(expected);
            // What the other thread had in hand has no owner here, of which a sanitizer would tell.
            if (test::is_sanitized()) std::_Exit(code);
            return code;
          }) == 0);
  }
  done = true;
  while (!ended) std::this_thread::yield();
}
