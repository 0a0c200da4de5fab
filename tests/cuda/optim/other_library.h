#pragma once

#include <cuda_runtime.h>
#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "plastic/optim/raw.h"
#include "tests/cuda/device.h"
#include "tests/optim/helpers.h"

// What another library in the process has on a CUDA device.
namespace plastic::test {

inline void need(cudaError_t error) {
  const std::string name = cudaGetErrorName(error);
  REQUIRE(name == "cudaSuccess");
}

/// A stream as another library has one, and memory in its order.
class OtherLibrary {
 public:
  OtherLibrary() {
    need(cudaSetDevice(0));
    need(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking));
  }
  ~OtherLibrary() {
    for (void* block : blocks_) cudaFreeAsync(block, stream_);
    cudaStreamDestroy(stream_);
  }
  OtherLibrary(const OtherLibrary&) = delete;
  OtherLibrary& operator=(const OtherLibrary&) = delete;

  cudaStream_t stream() const { return stream_; }
  optim::RawPlace place() const { return {cuda_device, stream_}; }

  /// As many floats as the shape has, that many bytes behind an address aligned to 16.
  float* allocate(std::int64_t count, std::size_t offset) {
    void* block = nullptr;
    need(cudaMallocAsync(&block, static_cast<std::size_t>(count) * sizeof(float) + offset + 4,
                         stream_));
    blocks_.push_back(block);
    return reinterpret_cast<float*>(static_cast<std::byte*>(block) + offset);
  }
  /// When their turn comes; `values` must live until then.
  void write(float* to, std::span<const float> values) {
    need(cudaMemcpyAsync(to, values.data(), values.size_bytes(), cudaMemcpyHostToDevice, stream_));
  }
  /// After all that the stream was given.
  std::vector<float> read(const float* from, std::int64_t count) {
    std::vector<float> values(static_cast<std::size_t>(count));
    if (count == 0) return values;
    need(cudaMemcpyAsync(values.data(), from, values.size() * sizeof(float), cudaMemcpyDeviceToHost,
                         stream_));
    need(cudaStreamSynchronize(stream_));
    return values;
  }

 private:
  cudaStream_t stream_ = nullptr;
  std::vector<void*> blocks_;
};

inline const std::vector<Shape>& shapes() {
  static const std::vector<Shape> all = {{6, 4}, {6}, {0, 3}, {5, 2, 3, 3}, {}, {4099}};
  return all;
}

/// Parameters and gradients of another library's, some of them at addresses of 4 bytes' alignment.
struct Buffers {
  explicit Buffers(OtherLibrary& owner) : library(owner) {
    for (std::size_t i = 0; i < shapes().size(); ++i) {
      const std::int64_t count = shapes()[i].numel();
      const std::size_t offset = i % 2 * sizeof(float);
      float* const values = library.allocate(count, offset);
      gradients.push_back(library.allocate(count, sizeof(float) - offset));
      first.push_back(numbers(count, static_cast<int>(i)));
      library.write(values, first.back());
      parameters.push_back({{values, static_cast<std::size_t>(count)}, shapes()[i]});
    }
  }

  std::vector<std::span<const float>> write_gradients(int step) {
    std::vector<std::span<const float>> spans;
    written.emplace_back();
    for (std::size_t i = 0; i < shapes().size(); ++i) {
      written.back().push_back(numbers(shapes()[i].numel(), 10 * step + static_cast<int>(i)));
    }
    for (std::size_t i = 0; i < shapes().size(); ++i) {
      library.write(gradients[i], written.back()[i]);
      spans.push_back({gradients[i], written.back()[i].size()});
    }
    // Every third step leaves one out.
    if (step % 3 == 2) spans[1] = {};
    return spans;
  }

  std::vector<std::vector<float>> values() const {
    std::vector<std::vector<float>> all;
    for (const auto& one : parameters) {
      all.push_back(library.read(one.values.data(), std::ssize(one.values)));
    }
    return all;
  }

  OtherLibrary& library;
  std::vector<optim::RawParameter> parameters;
  std::vector<float*> gradients;
  std::vector<std::vector<float>> first;
  std::vector<std::vector<std::vector<float>>> written;
};

}  // namespace plastic::test
