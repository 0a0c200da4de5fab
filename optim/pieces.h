#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/threads/parallel.h"
#include "plastic/core/tensor.h"

namespace plastic::optim {

/// A run of the elements of one tensor of a list. As with Chunk, its bounds depend on the tensor
/// alone.
struct Piece {
  std::size_t tensor = 0;
  std::int64_t begin = 0, end = 0;
};

inline std::vector<Piece> pieces_of(std::span<const Tensor> tensors) {
  std::vector<Piece> pieces;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    for (std::int64_t begin = 0; begin < tensors[i].numel(); begin += reduction_chunk) {
      pieces.push_back({i, begin, std::min(begin + reduction_chunk, tensors[i].numel())});
    }
  }
  return pieces;
}

/// Calls f(piece, its index) for all, on all threads.
template <class F>
void for_pieces(std::span<const Piece> pieces, F&& f) {
  parallel_for(0, std::ssize(pieces), 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t i = first; i < last; ++i) {
      const auto index = static_cast<std::size_t>(i);
      f(pieces[index], index);
    }
  });
}

/// Whether loops over memory may run on all of them.
inline bool all_dense_on_cpu(std::span<const Tensor> tensors) {
  return std::all_of(tensors.begin(), tensors.end(), [](const Tensor& tensor) {
    return tensor.device().type == DeviceType::cpu && tensor.is_contiguous();
  });
}

}  // namespace plastic::optim
