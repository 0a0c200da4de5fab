#include "cuda/optim/optim_chunks.h"

#include <cstring>

namespace plastic::cuda {

Upload& grown(Context& context, std::unique_ptr<Upload>& upload, std::size_t bytes) {
  if (upload && upload->capacity() >= bytes) return *upload;
  const std::size_t doubled = upload ? 2 * upload->capacity() : std::size_t{256};
  upload = std::make_unique<Upload>(context, std::max(bytes, doubled));
  return *upload;
}

void Chunks::send(std::vector<Extent> tensors) {
  if (upload_ && tensors == sent_) return;
  sent_.clear();
  std::vector<Chunk> chunks;
  std::vector<ChunkRange> ranges;
  for (const Extent& tensor : tensors) {
    if (tensor.numel < 1 || tensor.offset % 4 != 0) {
      fail("optimizer", "a tensor of ", tensor.numel, " elements at ", tensor.offset,
           "; CUDA needs at least one, at a multiple of 4");
    }
    const auto first = static_cast<std::uint32_t>(chunks.size());
    const auto index = static_cast<std::uint32_t>(ranges.size());
    for (std::int64_t at = 0; at < tensor.numel; at += chunk_elements) {
      const std::int64_t left = tensor.numel - at;
      const auto count = static_cast<std::int32_t>(std::min<std::int64_t>(left, chunk_elements));
      chunks.push_back({.begin = tensor.offset + at, .count = count, .tensor = index});
    }
    const auto count = static_cast<std::uint32_t>(chunks.size()) - first;
    ranges.push_back({.first = first, .count = count});
  }
  const std::size_t chunk_bytes = chunks.size() * sizeof(Chunk);
  const std::size_t range_bytes = ranges.size() * sizeof(ChunkRange);
  Upload& upload = grown(context_, upload_, chunk_bytes + range_bytes);
  if (!tensors.empty()) {
    std::vector<std::byte> bytes(chunk_bytes + range_bytes);
    std::memcpy(bytes.data(), chunks.data(), chunk_bytes);
    std::memcpy(bytes.data() + chunk_bytes, ranges.data(), range_bytes);
    upload.send(bytes.data(), bytes.size());
  }
  chunk_count_ = static_cast<std::uint32_t>(chunks.size());
  sent_ = std::move(tensors);
}

}  // namespace plastic::cuda
