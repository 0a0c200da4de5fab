#pragma once

#include <memory>

#include "core/device/backend.h"
#include "cuda/runtime/context.h"

namespace plastic::cuda {

/// Matrix products on cuBLASLt, in the precision that plastic::precision() names, with an algorithm
/// chosen once a shape. What follows the sums is fused into the product where cuBLASLt can.
class Products {
 public:
  explicit Products(Context& context);
  ~Products();

  /// Backend::gemm.
  void run(const Gemm& gemm);

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace plastic::cuda
