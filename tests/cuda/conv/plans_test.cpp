// What the installed cuDNN offers for our convolutions on cards that are not here: from 9.8 on it
// plans for a card that is only described to it.
#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "cuda/conv/conv_graph.h"
#include "cuda/conv/filter_layout.h"
#include "cuda/runtime/libraries.h"
#include "plastic/core/error.h"
#include "tests/cuda/convolution.h"

namespace plastic::test {
namespace {

using cuda::ConvPass;
using cuda::ConvRules;
using cuda::cudnn_graph::Descriptor;

// By number: headers have the names from 9.8 on only.
constexpr auto device_descriptor = static_cast<cudnnBackendDescriptorType_t>(38);
constexpr auto device_json = static_cast<cudnnBackendAttributeName_t>(2702);
constexpr auto character = static_cast<cudnnBackendAttributeType_t>(24);

/// What tells cards apart.
struct Card {
  const char* name;
  int capability;
  std::int64_t memory;
  int multiprocessors, shared_memory, blocks, threads;
  std::int64_t l2_cache;
};

constexpr Card cards[] = {
    {"A100", 800, 85017493504, 108, 163840, 32, 2048, 41943040},
    {"RTX 3090", 860, 25757220864, 82, 101376, 16, 1536, 6441984},
    {"RTX 4090", 890, 25757220864, 128, 101376, 24, 1536, 77308928},
    {"H100", 900, 85017493504, 132, 232448, 32, 2048, 52428800},
    {"B200", 1000, 85017493504, 148, 232448, 32, 2048, 134217728},
    {"RTX 5090", 1200, 25757220864, 170, 101376, 24, 1536, 100663296},
};
const Card& h100 = cards[3];

/// As cuDNN itself describes a card that is present.
std::string json_of(const Card& card) {
  const auto number = [](const char* name, std::int64_t value) {
    return ",\"" + std::string(name) + "\":" + std::to_string(value);
  };
  return "{\"cudnnVersion\":" + std::to_string(cuda::cudnn().version()) +
         number("deviceVer", card.capability) + number("driverVer", 13000) +
         number("cudaDeviceId", 0) + number("totalGlobalMem", card.memory) +
         ",\"maxGridSize\":[2147483647,65535,65535],\"maxBlockSize\":[1024,1024,64]" +
         number("regsPerBlock", 65536) + number("multiProcessorCount", card.multiprocessors) +
         number("warpSize", 32) + number("maxSharedMemoryPerBlock", 49152) +
         number("maxSharedMemoryPerBlockOptin", card.shared_memory) +
         number("reservedSharedMemoryPerBlock", 1024) + number("maxRegistersPerSM", 65536) +
         number("maxCtasPerSM", card.blocks) + number("maxThreadsPerBlock", 1024) +
         number("maxThreadsPerSM", card.threads) + number("pciDeviceId", 0) +
         number("isTccDriver", 0) + number("supportCoopLaunch", 1) +
         number("smClockRateKHz", 1980000) + number("memClockRateKHz", 2619000) +
         number("l2CacheSize", card.l2_cache) + ",\"deviceName\":\"" + card.name + "\"}";
}

Descriptor described(const Card& card) {
  const std::string json = json_of(card);
  Descriptor device(device_descriptor);
  device.set(device_json, character, static_cast<std::int64_t>(json.size()), json.data());
  device.finalize();
  return device;
}

/// Empty where plans can be asked for.
std::string why_no_plans() {
  if (const std::string reason = cuda::cudnn_reason(); !reason.empty()) return reason;
  const std::string version = std::to_string(cuda::cudnn().version());
  if (cuda::cudnn().version() < 90800) return "cuDNN " + version + " is older than 9.8";
  try {
    described(h100);
  } catch (const Error& error) {
    // Its text is not documented: another version may want it otherwise.
    return "cuDNN " + version + " does not take the description of a card: " + error.what();
  }
  return {};
}

/// Says so where plans cannot be asked for.
bool can_plan() {
  const std::string reason = why_no_plans();
  if (reason.empty()) return true;
  MESSAGE("skipped: no CUDA device (" << reason << ")");
  return false;
}

/// Layers of the networks that come with Plastic.
std::vector<ConvTry> layers() {
  std::vector<ConvTry> all;
  const auto add = [&](std::int64_t in, std::int64_t size, std::int64_t out, std::int64_t kernel,
                       std::int64_t stride, std::int64_t padding) {
    all.push_back({.batch = 128,
                   .channels = in,
                   .height = size,
                   .width = size,
                   .out_channels = out,
                   .kernel_height = kernel,
                   .kernel_width = kernel,
                   .stride = {stride, stride},
                   .padding = {padding, padding}});
  };
  // resnet18, with the stems for small and for large images.
  add(3, 32, 64, 3, 1, 1);
  add(3, 224, 64, 7, 2, 3);
  for (const std::int64_t size : {32, 56}) {
    add(64, size, 64, 3, 1, 1);
    for (std::int64_t in = 64, side = size; in < 512; in *= 2, side /= 2) {
      add(in, side, 2 * in, 3, 2, 1);
      add(in, side, 2 * in, 1, 2, 0);
      add(2 * in, side / 2, 2 * in, 3, 1, 1);
    }
  }
  // small_cnn and lenet, on grey and on coloured images.
  for (const std::int64_t channels : {1, 3}) {
    const std::int64_t size = channels == 1 ? 28 : 32;
    add(channels, size, 32, 3, 1, 1);
    add(32, size, 64, 3, 1, 1);
    add(64, size / 2, 128, 3, 1, 1);
    add(channels, size, 20, 5, 1, 0);
    add(20, size / 2 - 2, 50, 5, 1, 0);
  }
  return all;
}

std::string text_of(const ConvTry& c) {
  const auto pair = [](const std::int64_t(&values)[2]) {
    return std::to_string(values[0]) + "," + std::to_string(values[1]);
  };
  return std::to_string(c.batch) + "x" + std::to_string(c.channels) + "x" +
         std::to_string(c.height) + "x" + std::to_string(c.width) + " by " +
         std::to_string(c.out_channels) + "x" + std::to_string(c.kernel_height) + "x" +
         std::to_string(c.kernel_width) + ", stride " + pair(c.stride) + ", padding " +
         pair(c.padding) + ", dilation " + pair(c.dilation) + ", groups " +
         std::to_string(c.groups);
}

/// f32, tf32 and bf16.
struct Numbers {
  DType dtype;
  bool tensor_cores;
};
constexpr Numbers all_numbers[] = {{DType::f32, false}, {DType::f32, true}, {DType::bf16, true}};

/// How many of a convolution's passes the card has a plan for; a pass without one fails the test.
std::size_t check_plans(const Descriptor& card, const ConvTry& convolution, const Numbers& numbers,
                        bool deterministic, std::int64_t alignment) {
  const cuda::cudnn_graph::Target target{.described = &card};
  const Conv2dShape shape = convolution.shape(numbers.dtype);
  std::size_t count = 0;
  for (const ConvPass pass : {ConvPass::forward, ConvPass::input_grad, ConvPass::weight_grad}) {
    const ConvRules rules{.pass = pass,
                          .tensor_cores = numbers.tensor_cores,
                          .deterministic = deterministic,
                          .alignment = alignment};
    std::string error = "no engine takes it";
    std::size_t found = 0;
    try {
      const cuda::ConvGraph graph = cuda::make_conv_graph(target, shape, rules);
      found = cuda::make_conv_plans(target, graph, rules, /*max_plans=*/1).size();
    } catch (const Error& thrown) {
      error = thrown.what();
    }
    INFO(text_of(convolution), " in ", name_of(numbers.dtype),
         numbers.tensor_cores ? " on tensor cores" : "", ", pass ", static_cast<int>(pass),
         ", deterministic ", deterministic, ", alignment ", alignment, ": ", error);
    CHECK(found == 1);
    count += found;
  }
  return count;
}

std::vector<ConvTry> all_convolutions() {
  std::vector<ConvTry> all = layers();
  for (const ConvTry& convolution : conv_tries()) {
    // Filters that are not turned go to the direct kernels.
    const Conv2dShape shape = convolution.shape(DType::f32);
    if (cuda::filters_differ(shape) && !cuda::can_convert_filters(shape)) continue;
    all.push_back(convolution);
  }
  return all;
}

TEST_CASE("cuda.conv2d.cudnn_has_a_plan_on_every_card") {
  if (!can_plan()) return;
  std::size_t count = 0;
  for (const Card& card : cards) {
    CAPTURE(card.name);
    const Descriptor device = described(card);
    for (const ConvTry& convolution : all_convolutions()) {
      for (const Numbers& numbers : all_numbers) {
        count += check_plans(device, convolution, numbers, /*deterministic=*/false, 16);
      }
    }
  }
  MESSAGE(count << " plans");
}

TEST_CASE("cuda.conv2d.cudnn_has_a_plan_for_every_alignment_and_deterministically") {
  if (!can_plan()) return;
  const Descriptor device = described(h100);
  for (const ConvTry& convolution : all_convolutions()) {
    for (const Numbers& numbers : all_numbers) {
      const auto size = static_cast<std::int64_t>(size_of(numbers.dtype));
      check_plans(device, convolution, numbers, /*deterministic=*/true, 16);
      check_plans(device, convolution, numbers, /*deterministic=*/true, size);
      check_plans(device, convolution, numbers, /*deterministic=*/false, size);
    }
  }
}

}  // namespace
}  // namespace plastic::test
