// Optimizers on memory and streams of another library in the process (plastic/optim/raw.h), which
// waits for nothing on the host.
#include "plastic/optim/raw.h"

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "plastic/c_api.h"
#include "plastic/core/safetensors.h"
#include "plastic/optim/optimizer_table.h"
#include "tests/cuda/device.h"
#include "tests/cuda/optim/other_library.h"
#include "tests/optim/helpers.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/text.h"

namespace plastic::test {
namespace {

using optim::RawGroup;
using optim::RawOptimizer;
using optim::RawPlace;

std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The same in tensors of this library.
struct Tensors {
  explicit Tensors(const std::string& name) {
    for (std::size_t i = 0; i < shapes().size(); ++i) {
      const auto values = numbers(shapes()[i].numel(), static_cast<int>(i));
      parameters.push_back(
          Tensor::from<float>(values, shapes()[i]).to(cuda_device).set_requires_grad());
    }
    optimizer = optim::make_optimizer(optim::find_optimizer(name).defaults, parameters);
  }

  void step(int step) {
    optimizer->set_epoch(step / 2 + 1, 10);
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      const auto values = numbers(shapes()[i].numel(), 10 * step + static_cast<int>(i));
      parameters[i].zero_grad();
      if (step % 3 == 2 && i == 1) continue;
      parameters[i].set_grad(Tensor::from<float>(values, shapes()[i]).to(cuda_device));
    }
    optimizer->step();
  }

  std::vector<Tensor> parameters;
  std::unique_ptr<optim::Optimizer> optimizer;
};

const std::array<const char*, 7> names = {"neuroplastic",        "adamw",     "sgd",    "muon",
                                          "schedule-free-adamw", "adafactor", "rmsprop"};

TEST_CASE("cuda.raw.steps_are_in_the_order_of_the_callers_stream") {
  if (!has_cuda_device()) return;
  for (const char* const name : names) {
    CAPTURE(name);
    OtherLibrary library;
    Buffers buffers(library);
    Tensors tensors(name);
    const RawGroup group = {buffers.parameters};
    auto raw = RawOptimizer::of_groups(name, std::span(&group, 1), library.place());
    for (int step = 0; step < 4; ++step) {
      // Gradients are written over as soon as the step has read them.
      raw.set_epoch(step / 2 + 1, 10);
      raw.step(buffers.write_gradients(step));
    }
    // Read before anything else waits for the device.
    const auto stepped = buffers.values();
    raw.eval();
    const auto evaluated = buffers.values();
    raw.train();
    raw.step(buffers.write_gradients(4));
    const auto trained = buffers.values();
    for (int step = 0; step < 4; ++step) tensors.step(step);
    CHECK(stepped == values_of(tensors.parameters));
    tensors.optimizer->eval();
    CHECK(evaluated == values_of(tensors.parameters));
    tensors.optimizer->train();
    tensors.step(4);
    CHECK(trained == values_of(tensors.parameters));
  }
}

TEST_CASE("cuda.raw.another_stream_may_follow") {
  if (!has_cuda_device()) return;
  OtherLibrary library, second;
  Buffers buffers(library);
  Tensors tensors("adamw");
  const RawGroup group = {buffers.parameters};
  auto raw = RawOptimizer::of_groups("adamw", std::span(&group, 1), library.place());
  raw.set_epoch(1, 10);
  raw.step(buffers.write_gradients(0));
  need(cudaStreamSynchronize(library.stream()));
  raw.set_stream(second.stream());
  std::vector<std::vector<float>> kept;
  std::vector<std::span<const float>> spans;
  for (std::size_t i = 0; i < shapes().size(); ++i) {
    kept.push_back(numbers(shapes()[i].numel(), 10 + static_cast<int>(i)));
    second.write(buffers.gradients[i], kept.back());
    spans.push_back({buffers.gradients[i], kept.back().size()});
  }
  raw.step(spans);
  tensors.step(0);
  tensors.step(1);
  for (std::size_t i = 0; i < shapes().size(); ++i) {
    const auto& values = buffers.parameters[i].values;
    CHECK(second.read(values.data(), std::ssize(values)) ==
          values_of({tensors.parameters[i]}).front());
  }
}

TEST_CASE("cuda.raw.gradients_may_be_computed_where_steps_read_them") {
  if (!has_cuda_device()) return;
  OtherLibrary library;
  Buffers buffers(library);
  Tensors tensors("neuroplastic");
  const RawGroup group = {buffers.parameters};
  auto raw = RawOptimizer::of_groups("neuroplastic", std::span(&group, 1), library.place());
  for (int step = 0; step < 2; ++step) {
    raw.set_epoch(step / 2 + 1, 10);
    std::vector<std::span<const float>> spans;
    for (std::size_t i = 0; i < shapes().size(); ++i) {
      const std::span<float> place = raw.gradient(i);
      buffers.written.push_back({numbers(shapes()[i].numel(), 10 * step + static_cast<int>(i))});
      if (!place.empty()) library.write(place.data(), buffers.written.back().front());
      spans.push_back(place);
    }
    raw.step(spans);
    tensors.step(step);
  }
  CHECK(buffers.values() == values_of(tensors.parameters));
}

TEST_CASE("cuda.raw.state_passes_to_the_cpu_and_back") {
  if (!has_cuda_device()) return;
  const TemporaryFolder folder;
  OtherLibrary library;
  Buffers buffers(library);
  const RawGroup group = {buffers.parameters};
  auto raw = RawOptimizer::of_groups("adamw", std::span(&group, 1), library.place());
  raw.step(buffers.write_gradients(0));
  raw.save(folder / "device");
  std::vector<std::vector<float>> host = buffers.values();
  std::vector<optim::RawParameter> parameters;
  for (std::size_t i = 0; i < host.size(); ++i) parameters.push_back({host[i], shapes()[i]});
  RawOptimizer on_cpu("adamw", parameters);
  on_cpu.load(folder / "device");
  on_cpu.save(folder / "cpu");
  CHECK(bytes_of(folder / "device").size() > 8);
  CHECK(bytes_of(folder / "device") == bytes_of(folder / "cpu"));
  raw.load(folder / "cpu");
  raw.save(folder / "again");
  CHECK(bytes_of(folder / "again") == bytes_of(folder / "cpu"));
  for (const optim::RawState& state : raw.state()) {
    // Counts and rates can be read by the host.
    if (state.name == "state.0.step") CHECK(*static_cast<const std::int64_t*>(state.values) == 1);
    if (state.name == "group.0.lr") CHECK(*static_cast<const double*>(state.values) == raw.lr());
  }
}

TEST_CASE("cuda.raw.leaves_the_callers_device_current") {
  if (!has_cuda_device()) return;
  int count = 0;
  need(cudaGetDeviceCount(&count));
  OtherLibrary library;
  Buffers buffers(library);
  need(cudaSetDevice(count - 1));
  const auto current = [] {
    int device = -1;
    need(cudaGetDevice(&device));
    return device;
  };
  {
    const RawGroup group = {buffers.parameters};
    auto raw = RawOptimizer::of_groups("adam", std::span(&group, 1), library.place());
    CHECK(current() == count - 1);
    raw.step(buffers.write_gradients(0));
    CHECK(current() == count - 1);
  }
  CHECK(current() == count - 1);
  need(cudaSetDevice(0));
}

TEST_CASE("cuda.raw.refuses_memory_of_the_host") {
  if (!has_cuda_device()) return;
  OtherLibrary library;
  std::vector<float> values(6);
  const optim::RawParameter parameter = {values, {6}};
  const RawGroup group = {std::span(&parameter, 1)};
  CHECK_THROWS_WITH_AS(RawOptimizer::of_groups("adam", std::span(&group, 1), library.place()),
                       doctest::Contains("parameter 0 is not in the memory of cuda:0"), Error);
}

TEST_CASE("cuda.raw.refuses_a_stream_that_is_captured") {
  if (!has_cuda_device()) return;
  OtherLibrary library;
  Buffers buffers(library);
  const RawGroup group = {buffers.parameters};
  auto raw = RawOptimizer::of_groups("adam", std::span(&group, 1), library.place());
  raw.step(buffers.write_gradients(0));
  const auto before = buffers.values();
  const std::vector<std::span<const float>> spans = buffers.write_gradients(1);
  need(cudaStreamSynchronize(library.stream()));
  need(cudaStreamBeginCapture(library.stream(), cudaStreamCaptureModeRelaxed));
  CHECK_THROWS_WITH_AS(raw.step(spans), doctest::Contains("stream is being captured"), Error);
  cudaGraph_t graph = nullptr;
  need(cudaStreamEndCapture(library.stream(), &graph));
  need(cudaGraphDestroy(graph));
  CHECK(buffers.values() == before);
}

TEST_CASE("cuda.raw.c_programs_have_the_same") {
  if (!has_cuda_device()) return;
  CHECK(plastic_cuda_device_count() == std::ssize(available_devices()) - 1);
  OtherLibrary library;
  Buffers buffers(library);
  Tensors tensors("neuroplastic");
  std::vector<plastic_parameter> parameters;
  for (const optim::RawParameter& one : buffers.parameters) {
    parameters.push_back(
        {one.values.data(), one.values.size(), one.shape.begin(), one.shape.rank()});
  }
  const plastic_parameter_group group = {parameters.data(), parameters.size(), nullptr};
  plastic_optimizer* optimizer = nullptr;
  CHECK(plastic_optimizer_create_on_cuda("neuroplastic", &group, 1, 1000, nullptr, &optimizer) ==
        PLASTIC_ERROR_REFUSED);
  CHECK(contains(plastic_last_error(), "cuda:1000"));
  REQUIRE(plastic_optimizer_create_on_cuda("neuroplastic", &group, 1, 0, nullptr, &optimizer) ==
          PLASTIC_OK);
  CHECK(plastic_optimizer_set_stream(optimizer, library.stream()) == PLASTIC_OK);
  for (int step = 0; step < 3; ++step) {
    CHECK(plastic_optimizer_set_epoch(optimizer, step / 2 + 1, 10) == PLASTIC_OK);
    std::vector<const float*> gradients;
    for (const auto& one : buffers.write_gradients(step)) gradients.push_back(one.data());
    CHECK(plastic_optimizer_step(optimizer, gradients.data(), gradients.size()) == PLASTIC_OK);
    tensors.step(step);
  }
  CHECK(buffers.values() == values_of(tensors.parameters));
  plastic_optimizer_destroy(&optimizer);
  CHECK(optimizer == nullptr);
}

}  // namespace
}  // namespace plastic::test
