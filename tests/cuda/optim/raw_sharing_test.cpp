// Optimizers on memory of another library, beside what else the process does: other threads, other
// devices, children of a fork, streams that do not fit.
#include <cuda_runtime.h>
#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "core/device/backend.h"
#include "core/device/foreign_stream.h"
#include "plastic/c_api.h"
#include "plastic/optim/raw.h"
#include "tests/cuda/device.h"
#include "tests/cuda/optim/other_library.h"
#include "tests/support/child.h"
#include "tests/support/text.h"

namespace plastic::test {
namespace {

using optim::RawGroup;
using optim::RawOptimizer;
using optim::RawPlace;

RawOptimizer optimizer_over(const Buffers& buffers, const RawPlace& place,
                            const std::string& name = "adamw") {
  const RawGroup group = {buffers.parameters};
  return RawOptimizer::of_groups(name, std::span(&group, 1), place);
}

int current_device() {
  int device = -1;
  need(cudaGetDevice(&device));
  return device;
}

TEST_CASE("cuda.raw.threads_take_turns_on_a_device") {
  if (!has_cuda_device()) return;
  auto& streams = dynamic_cast<ForeignStreams&>(backend(cuda_device));
  std::atomic<bool> is_inside = false, has_left = false;
  const ForeignStreams::Visit own = streams.begin_visit(nullptr);
  bool was_alone = false;
  std::thread other([&] {
    const ForeignStreams::Visit visit = streams.begin_visit(nullptr);
    was_alone = has_left;
    is_inside = true;
    streams.end_visit(visit);
  });
  for (int wait = 0; wait < 100 && !is_inside; ++wait) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  has_left = true;
  streams.end_visit(own);
  other.join();
  CHECK(was_alone);
}

TEST_CASE("cuda.raw.threads_have_the_bits_of_each_alone") {
  if (!has_cuda_device()) return;
  const std::vector<std::string> names = {"neuroplastic", "muon", "lamb"};
  std::vector<std::vector<std::vector<float>>> results[2];
  for (const bool is_shared : {false, true}) {
    std::vector<std::unique_ptr<OtherLibrary>> libraries;
    std::vector<std::unique_ptr<Buffers>> buffers;
    std::vector<RawOptimizer> optimizers;
    std::vector<std::vector<std::span<const float>>> gradients;
    for (const std::string& name : names) {
      libraries.push_back(std::make_unique<OtherLibrary>());
      buffers.push_back(std::make_unique<Buffers>(*libraries.back()));
      optimizers.push_back(optimizer_over(*buffers.back(), libraries.back()->place(), name));
      optimizers.back().set_epoch(1, 10);
      gradients.push_back(buffers.back()->write_gradients(0));
    }
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < names.size(); ++i) {
      threads.emplace_back([&optimizer = optimizers[i], &given = gradients[i]] {
        for (int step = 0; step < 5; ++step) optimizer.step(given);
      });
      if (!is_shared) threads.back().join();
    }
    if (is_shared) {
      for (std::thread& one : threads) one.join();
    }
    for (const auto& one : buffers) results[is_shared].push_back(one->values());
  }
  CHECK(results[0] == results[1]);
}

TEST_CASE("cuda.raw.the_first_use_of_a_device_leaves_the_threads_own") {
  if (!has_cuda_device()) return;
  // The last device has no context yet, unless another test was before this one.
  int last = 0;
  need(cudaGetDeviceCount(&last));
  --last;
  need(cudaSetDevice(0));
  std::vector<float> values(6);
  const optim::RawParameter parameter = {values, {6}};
  const RawGroup group = {std::span(&parameter, 1)};
  const RawPlace place = {{DeviceType::cuda, last}, nullptr};
  CHECK_THROWS_WITH_AS(RawOptimizer::of_groups("adam", std::span(&group, 1), place),
                       doctest::Contains("is not in the memory of"), Error);
  CHECK(current_device() == 0);
}

TEST_CASE("cuda.raw.refuses_gradients_in_memory_of_the_host") {
  if (!has_cuda_device()) return;
  OtherLibrary library;
  Buffers buffers(library);
  auto raw = optimizer_over(buffers, library.place());
  raw.step(buffers.write_gradients(0));
  const auto before = buffers.values();
  std::vector<std::span<const float>> spans = buffers.write_gradients(1);
  const std::vector<float> on_host(spans[3].size());
  spans[3] = on_host;
  CHECK_THROWS_WITH_AS(raw.step(spans),
                       doctest::Contains("gradient 3 is not in the memory of cuda:0"), Error);
  CHECK(buffers.values() == before);
}

TEST_CASE("cuda.raw.refuses_a_stream_of_another_device") {
  if (!has_cuda_device() || available_devices().size() < 3) return;
  OtherLibrary library;
  Buffers buffers(library);
  auto raw = optimizer_over(buffers, library.place());
  need(cudaSetDevice(1));
  cudaStream_t stream = nullptr;
  need(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  need(cudaSetDevice(0));
  raw.set_stream(stream);
  const std::vector<std::span<const float>> spans = buffers.write_gradients(0);
  CHECK_THROWS_WITH_AS(raw.step(spans), doctest::Contains("give a cudaStream_t of cuda:0"), Error);
  raw.set_stream(library.stream());
  CHECK_NOTHROW(raw.step(spans));
  need(cudaStreamDestroy(stream));
}

TEST_CASE("cuda.raw.refuses_the_default_stream_while_one_that_it_waits_for_is_captured") {
  if (!has_cuda_device()) return;
  OtherLibrary library;
  Buffers buffers(library);
  auto raw = optimizer_over(buffers, library.place());
  const std::vector<std::span<const float>> spans = buffers.write_gradients(0);
  need(cudaStreamSynchronize(library.stream()));
  raw.set_stream(nullptr);
  cudaStream_t blocking = nullptr;
  need(cudaStreamCreateWithFlags(&blocking, cudaStreamDefault));
  need(cudaStreamBeginCapture(blocking, cudaStreamCaptureModeRelaxed));
  CHECK_THROWS_WITH_AS(raw.step(spans), doctest::Contains("stream is being captured"), Error);
  cudaGraph_t graph = nullptr;
  need(cudaStreamEndCapture(blocking, &graph));
  need(cudaGraphDestroy(graph));
  CHECK_NOTHROW(raw.step(spans));
  need(cudaStreamDestroy(blocking));
}

TEST_CASE("cuda.raw.leaves_what_others_capture_alone") {
  if (!has_cuda_device()) return;
  OtherLibrary library, capturing;
  Buffers buffers(library);
  const std::vector<std::span<const float>> spans = buffers.write_gradients(0);
  need(cudaStreamBeginCapture(capturing.stream(), cudaStreamCaptureModeGlobal));
  {
    auto raw = optimizer_over(buffers, library.place(), "neuroplastic");
    raw.set_epoch(1, 10);
    raw.step(spans);
  }
  cudaGraph_t graph = nullptr;
  need(cudaStreamEndCapture(capturing.stream(), &graph));
  need(cudaGraphDestroy(graph));
  auto mode = cudaStreamCaptureModeRelaxed;
  need(cudaThreadExchangeStreamCaptureMode(&mode));
  CHECK(mode == cudaStreamCaptureModeGlobal);
  need(cudaThreadExchangeStreamCaptureMode(&mode));
}

TEST_CASE("cuda.raw.children_of_a_fork_are_told") {
  if (!has_cuda_device()) return;
  OtherLibrary library;
  Buffers buffers(library);
  auto raw = std::make_unique<RawOptimizer>(optimizer_over(buffers, library.place()));
  const std::vector<std::span<const float>> spans = buffers.write_gradients(0);
  const auto step_in_child = [&] {
    std::string told;
    try {
      raw->step(spans);
    } catch (const Error& error) {
      told = error.what();
    }
    raw.reset();
    return contains(told, "before this process was forked") ? 0 : 7;
  };
  CHECK(in_child(step_in_child) == 0);
  CHECK_NOTHROW(raw->step(spans));
}

TEST_CASE("cuda.raw.c_programs_are_told_of_a_device_that_is_not_there") {
  float value = 0;
  const plastic_parameter parameter = {&value, 1, nullptr, 0};
  const plastic_parameter_group group = {&parameter, 1, nullptr};
  plastic_optimizer* optimizer = nullptr;
  for (const int device : {-1, 1000}) {
    CHECK(plastic_optimizer_create_on_cuda("adam", &group, 1, device, nullptr, &optimizer) ==
          PLASTIC_ERROR_REFUSED);
    CHECK(contains(plastic_last_error(), "cuda:" + std::to_string(device) + " is not available"));
  }
  CHECK(optimizer == nullptr);
}

}  // namespace
}  // namespace plastic::test
