#pragma once

#include <cstdint>
#include <optional>

#include "plastic/core/flush_denormals.h"

namespace plastic {

/// What the results of a thread's arithmetic depend on besides the operands: how the processor
/// rounds, and what becomes of denormal numbers. Empty for processors other than x86 and aarch64.
class FloatMode {
 public:
  static FloatMode of_this_thread();
  /// Gives it to this thread, whose exception flags and masks stay as they are.
  void apply() const;

 private:
  std::uint64_t bits_ = 0;
};

/// FlushDenormals for what the engine does by itself: without effect inside FlushDenormals(false).
class DefaultFlush {
 public:
  /// `spares_operands`: does nothing either on processors whose flag makes denormal operands zeros,
  /// too.
  explicit DefaultFlush(bool spares_operands = false);

 private:
  std::optional<FlushDenormals> flush_;
};

}  // namespace plastic
