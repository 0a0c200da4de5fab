#include "optim/probe/signal_pieces.h"

#include <algorithm>
#include <utility>

#include "core/threads/parallel.h"

namespace plastic::optim {
namespace {

/// Where inspect() leaves pieces; null where nobody asks for them.
thread_local std::unique_ptr<SignalPieces>* asked = nullptr;

Inspection whole(SignalPieces& pieces, std::size_t signals, const Shape& shape) {
  Inspection shown;
  std::vector<float*> outputs;
  for (std::size_t k = 0; k < signals; ++k) {
    shown.signals.push_back(Tensor::empty(shape));
    outputs.push_back(shown.signals.back().mutable_data<float>());
  }
  const std::int64_t count = shape.numel();
  constexpr std::int64_t size = SignalPieces::size;
  parallel_for(0, (count + size - 1) / size, reduction_chunk / size,
               [&](std::int64_t first, std::int64_t last) {
                 std::vector<float*> own(signals);
                 for (std::int64_t piece = first; piece < last; ++piece) {
                   const std::int64_t at = piece * size;
                   for (std::size_t k = 0; k < signals; ++k) own[k] = outputs[k] + at;
                   pieces.write(at, std::min(size, count - at), own.data());
                 }
               });
  shown.numbers = pieces.numbers();
  return shown;
}

}  // namespace

InPieces::InPieces() : outer_(std::exchange(asked, &given_)) {}

InPieces::~InPieces() { asked = outer_; }

std::unique_ptr<SignalPieces> InPieces::take() { return std::move(given_); }

Inspection inspection(std::unique_ptr<SignalPieces> pieces, std::size_t signals, const Shape& shape,
                      bool is_derived) {
  if (asked == nullptr || is_derived) return whole(*pieces, signals, shape);
  *asked = std::move(pieces);
  return {};
}

}  // namespace plastic::optim
