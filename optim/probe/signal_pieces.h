#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "plastic/optim/optimizer.h"

namespace plastic::optim {

/// What an optimizer shows of one parameter at its last step, computed piece by piece: who reads a
/// piece at once finds it in the cache.
class SignalPieces {
 public:
  /// Elements of each piece but the last, which may have fewer. With four signals, 32 KiB.
  static constexpr std::int64_t size = 2048;

  virtual ~SignalPieces() = default;
  /// Writes each signal of the elements [first, first + count) to where `signals` says, in the
  /// order of Optimizer::signals(). To be called once for each piece; several threads may.
  virtual void write(std::int64_t first, std::int64_t count, float* const* signals) = 0;
  /// Inspection::numbers, once all pieces are written.
  virtual std::vector<Diagnostic> numbers() const { return {}; }
};

/// While one lives, the library's optimizers hand over the signals of an inspect() on this thread
/// in pieces, and return an Inspection without contents. The virtual functions stay those of
/// anybody's optimizer, which returns tensors as ever.
class InPieces {
 public:
  InPieces();
  ~InPieces();
  InPieces(const InPieces&) = delete;
  InPieces& operator=(const InPieces&) = delete;

  /// Those of the last inspect(); null where it returned tensors.
  std::unique_ptr<SignalPieces> take();

 private:
  std::unique_ptr<SignalPieces> given_;
  std::unique_ptr<SignalPieces>* outer_;
};

/// What inspect() returns of `signals` signals of this shape: pieces where somebody asked for them,
/// else tensors; for a class derived from the one that calls, which may add to them, always
/// tensors.
Inspection inspection(std::unique_ptr<SignalPieces> pieces, std::size_t signals, const Shape& shape,
                      bool is_derived);

}  // namespace plastic::optim
