// A recording where device memory is short.
#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "plastic/core/ops.h"
#include "plastic/core/random.h"
#include "plastic/core/recording.h"
#include "plastic/core/tensor.h"
#include "tests/cuda/device.h"
#include "tests/emulator/device_memory.h"

namespace plastic::test {
namespace {

class Limited {
 public:
  explicit Limited(std::size_t more_bytes) {
    auto& memory = emulator::DeviceMemory::instance();
    memory.set_limit(memory.in_use() + more_bytes);
  }
  ~Limited() { emulator::DeviceMemory::instance().set_limit(before_); }
  Limited(const Limited&) = delete;
  Limited& operator=(const Limited&) = delete;

 private:
  std::size_t before_ = emulator::DeviceMemory::instance().limit();
};

TEST_CASE("cuda.recording.takes_what_was_given_back_before_it") {
  constexpr std::int64_t count = std::int64_t{1} << 20;
  Generator generator;
  Tensor eager = Tensor::full({count}, 1, {.device = cuda_device});
  Tensor small = Tensor::full({4}, 2, {.device = cuda_device});
  const Limited limited(std::size_t{3} << 20);
  // The device has not seen this yet.
  eager = {};
  Tensor y;
  Recording recording(cuda_device, generator, [&] {
    y = add(small, Tensor::zeros({count / 8, 4}, {.device = cuda_device}));
  });
  recording.repeat();
  CHECK(y.slice(0, 0, 1).to(Device{}).to_vector<float>() == std::vector<float>(4, 2));
}

}  // namespace
}  // namespace plastic::test
