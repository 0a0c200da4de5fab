#pragma once

#include <cuda_runtime.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "cuda/runtime/check.h"
#include "cuda/runtime/context.h"
#include "cuda/runtime/launch.h"
#include "cuda/runtime/upload.h"
#include "plastic/optim/cuda_step.h"

// What the kernels of an optimizer read of the host's, all of it in device memory. A kernel is
// given one address that never changes, its Head's; there it finds where the tensors and blocks
// are. A captured step therefore stays right when tables grow, rates
// change or other tensors have gradients.
namespace plastic::cuda {

static_assert(chunk_threads == block_threads);

/// The chunks of some tensors on the device, sent when the tensors are others than before.
class Chunks {
 public:
  struct Extent {
    std::int64_t offset = 0, numel = 0;
    bool operator==(const Extent&) const = default;
  };

  explicit Chunks(Context& context) : context_(context) {}

  /// Tensors have at least one element and start at multiples of 4; an arena's do.
  void send(std::vector<Extent> tensors);

  const Chunk* chunks() const { return upload_->as<Chunk>(); }
  std::uint32_t chunk_count() const { return chunk_count_; }
  const ChunkRange* ranges() const {
    return reinterpret_cast<const ChunkRange*>(chunks() + chunk_count_);
  }

 private:
  Context& context_;
  std::unique_ptr<Upload> upload_;
  std::vector<Extent> sent_;
  std::uint32_t chunk_count_ = 0;
};

/// An upload of at least `bytes`: `upload` itself, or a larger one that replaces it.
Upload& grown(Context& context, std::unique_ptr<Upload>& upload, std::size_t bytes);

/// The table of a step on the device.
template <class Tensor>
class TableUpload {
 public:
  explicit TableUpload(Context& context) : context_(context), chunks_(context) {}

  Table<Tensor> send(std::span<const Tensor> tensors) {
    std::vector<Chunks::Extent> extents;
    extents.reserve(tensors.size());
    for (const Tensor& tensor : tensors) extents.push_back({tensor.offset, tensor.numel});
    chunks_.send(std::move(extents));
    Upload& upload = grown(context_, tensors_, tensors.size_bytes());
    if (!tensors.empty()) upload.send(tensors.data(), tensors.size_bytes());
    return {.tensors = tensors_->as<Tensor>(),
            .ranges = chunks_.ranges(),
            .chunks = chunks_.chunks(),
            .tensor_count = static_cast<std::uint32_t>(tensors.size()),
            .chunk_count = chunks_.chunk_count()};
  }

 private:
  Context& context_;
  Chunks chunks_;
  std::unique_ptr<Upload> tensors_;
};

/// What the kernels of a step read first.
template <class Head>
class HeadUpload {
 public:
  explicit HeadUpload(Context& context) : upload_(context, sizeof(Head)) {}

  void send(const Head& head) {
    if (sent_ && *sent_ == head) return;
    upload_.send(&head, sizeof(Head));
    sent_ = head;
  }
  /// As last sent.
  const Head& host() const { return *sent_; }
  const Head* device() const { return upload_.template as<Head>(); }

 private:
  Upload upload_;
  std::optional<Head> sent_;
};

/// Memory that only kernels use, from step to step.
template <class T>
class DeviceArray {
 public:
  explicit DeviceArray(Context& context) : context_(context) {}
  ~DeviceArray() { context_.memory().deallocate(data_); }
  DeviceArray(const DeviceArray&) = delete;
  DeviceArray& operator=(const DeviceArray&) = delete;

  /// Room for `count`. What was there is lost where it must grow; then all bytes are 0.
  T* reserve(std::size_t count) {
    if (count <= capacity_) return data_;
    context_.memory().deallocate(std::exchange(data_, nullptr));
    capacity_ = 0;
    data_ = static_cast<T*>(context_.memory().allocate(count * sizeof(T)));
    check(cudaMemsetAsync(data_, 0, count * sizeof(T), context_.stream()), "cudaMemsetAsync");
    capacity_ = count;
    return data_;
  }
  T* data() const { return data_; }

 private:
  Context& context_;
  T* data_ = nullptr;
  std::size_t capacity_ = 0;
};

/// For a kernel that strides over chunks. More blocks than stay resident: those that come later
/// even out what the earlier ones leave.
inline Grid grid_for_chunks(const Context& context, std::uint32_t chunk_count) {
  return grid_for(context, std::int64_t{block_threads} * std::max(chunk_count, 1U));
}

}  // namespace plastic::cuda
