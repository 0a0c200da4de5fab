#pragma once

namespace plastic::cuda {

/// How the libraries may compute f32 and which algorithms they may choose.
struct Numerics {
  /// Products of f32 may round their factors to TF32.
  bool tf32 = false;
  /// Algorithms whose results do not depend on timing, chosen without measuring.
  bool deterministic = false;
};

/// What is asked for at present.
inline Numerics& numerics() {
  static Numerics current;
  return current;
}

}  // namespace plastic::cuda
