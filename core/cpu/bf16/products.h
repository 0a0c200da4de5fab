#pragma once

#include "core/device/backend.h"

namespace plastic::cpu {

/// Products and convolutions that read and write bf16. Their contracts are Backend's; sums are
/// taken in f32 and rounded once.
class Bf16Products {
 public:
  virtual ~Bf16Products() = default;

  virtual void gemm(const Gemm& gemm) = 0;

  /// Whether convolutions as products take less time than Winograd's in f32.
  virtual bool beat_winograd() const = 0;

  // Convolutions as products: false, and nothing is done, where f32 kernels are faster.
  virtual bool conv2d(const Conv2dShape& shape, const void* x, const void* weight, const void* bias,
                      bool relu, void* y) = 0;
  virtual bool conv2d_input_grad(const Conv2dShape& shape, const void* grad_y, const void* weight,
                                 void* grad_x) = 0;
  virtual bool conv2d_weight_grad(const Conv2dShape& shape, const void* x, const void* grad_y,
                                  void* grad_weight) = 0;
};

/// Those of each level.
Bf16Products& bf16_products_baseline();
Bf16Products& bf16_products_avx2();
Bf16Products& bf16_products_avx512();
Bf16Products& bf16_products_avx512_bf16();
Bf16Products& bf16_products_amx();

}  // namespace plastic::cpu
