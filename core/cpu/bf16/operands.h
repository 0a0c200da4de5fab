#pragma once

#include <cstdint>
#include <list>
#include <utility>
#include <vector>

#include "core/cpu/scratch.h"
#include "core/device/backend.h"

namespace plastic::cpu {

/// What one call of a kernel that computes in f32 reads and writes where its operands are bf16:
/// copies in f32, and results that finish() rounds into place. Other operands pass as they are.
class Bf16Operands {
 public:
  /// `kernels` convert.
  explicit Bf16Operands(Backend& kernels) : kernels_(kernels) {}

  /// A copy of the elements that the array names; an axis of stride 0 keeps it.
  Array in(const Array& array);
  /// Room for a result, in the order in which the array's elements lie.
  Array out(const Array& array);

  // The same for `count` elements without gaps; null stays null.
  const void* in(const void* data, DType dtype, std::int64_t count);
  void* out(void* data, DType dtype, std::int64_t count);

  /// To be called once the results are there.
  void finish();

 private:
  Array room_for(const Array& array);

  Backend& kernels_;
  std::list<Scratch<float>> floats_;
  /// Results in f32, and where they belong.
  std::vector<std::pair<Array, Array>> results_;
};

}  // namespace plastic::cpu
