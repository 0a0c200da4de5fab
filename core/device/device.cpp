#include "plastic/core/device.h"

#include <charconv>

#include "core/check.h"
#include "core/device/registry.h"
#include "core/ops/unary_rules.h"

namespace plastic {
namespace {

void check_available(Device device) {
  if (device.type == DeviceType::cpu) return;
  DeviceProvider& devices = device_provider(device.type);
  const int count = devices.count();
  if (device.index >= 0 && device.index < count) return;
  const std::string reason = devices.reason();
  fail("device", to_string(device), " is not available: ", count, " CUDA devices",
       reason.empty() ? "" : " (" + reason + ")", "; use cpu");
}

}  // namespace

Device parse_device(std::string_view text) {
  if (text == "cpu") return {};
  Device device{.type = DeviceType::cuda};
  if (text == "cuda") return device;
  constexpr std::string_view prefix = "cuda:";
  if (text.substr(0, prefix.size()) == prefix) {
    const std::string_view digits = text.substr(prefix.size());
    const char* end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, device.index);
    if (error == std::errc() && stop == end && device.index >= 0) return device;
  }
  fail("device", "unknown device \"", text, "\"; use cpu, cuda or cuda:N");
}

std::string describe(Device device) {
  check_available(device);
  return device_provider(device.type).description(device.index);
}

std::string to_string(Device device) {
  return device.type == DeviceType::cpu ? "cpu" : "cuda:" + std::to_string(device.index);
}

std::vector<Device> available_devices() {
  std::vector<Device> devices = {Device{}};
  const int count = device_provider(DeviceType::cuda).count();
  for (int i = 0; i < count; ++i) devices.push_back({DeviceType::cuda, i});
  return devices;
}

std::string cuda_unavailable_reason() { return device_provider(DeviceType::cuda).reason(); }

std::unique_ptr<RecordedStep> Backend::record(Generator&, const std::function<void()>&) {
  fail("record", "the CPU captures no steps; use a CUDA device, or run the step itself");
}

void Backend::relu_grad(const ReluGrad& call) {
  const auto array = [&](const void* data, std::int64_t rows) {
    // What is read is not written: Array has one kind of pointer for both.
    return Array{const_cast<void*>(data), call.dtype, {rows, call.channels}, {call.channels, 1}};
  };
  const Array out = array(call.out, call.rows);
  unary_grad(Unary::relu, {}, array(call.result, call.rows), array(call.grad, call.rows), out);
  if (call.sums != nullptr) reduce(Reduction::sum, out, 1, array(call.sums, 1));
}

void Backend::conv2d_max_pool2d(const Conv2dShape& shape, const void* x, const void* weight,
                                const void* bias, bool relu, const MaxPool2dShape& pool,
                                void* offsets, void* y) {
  const std::size_t bytes = static_cast<std::size_t>(shape.y_size()) * size_of(shape.dtype);
  const auto free = [&](void* data) { deallocate(data, bytes); };
  const std::unique_ptr<void, decltype(free)> between(allocate(bytes), free);
  conv2d(shape, x, weight, bias, relu, between.get());
  max_pool2d(pool, between.get(), offsets, y);
}

Backend& backend(Device device) {
  check_available(device);
  return device_provider(device.type).backend(device.index);
}

}  // namespace plastic
