#pragma once

#include "core/cpu/bf16/convolutions.h"
#include "core/cpu/bf16/product.h"
#include "core/cpu/bf16/products.h"
#include "core/cpu/bf16/result_row.h"
#include "core/cpu/gemm/dropout_row.h"
#include "core/cpu/widened.h"
#include "plastic/core/conv_algorithm.h"

namespace plastic::cpu {

/// Products by a kernel (product.h).
template <class Kernel>
class ProductsOf final : public Bf16Products {
 public:
  void gemm(const Gemm& g) override {
    const auto* a = static_cast<const bfloat16*>(g.a);
    if (g.transpose_a) {
      gemm_with(g, LinesAcrossK{a, g.lda});
    } else {
      gemm_with(g, LinesAlongK{a, g.lda});
    }
  }

  bool beat_winograd() const override { return Kernel::beats_winograd; }

  bool conv2d([[maybe_unused]] const Conv2dShape& s, [[maybe_unused]] const void* x,
              [[maybe_unused]] const void* weight, [[maybe_unused]] const void* bias,
              [[maybe_unused]] bool relu, [[maybe_unused]] void* y) override {
    if constexpr (Kernel::terms == 2) {
      if (!fits(s)) return false;
      conv2d_by_products<Kernel>(s, narrow(x), narrow(weight), narrow(bias), relu, narrow(y));
      return true;
    }
    return false;
  }
  bool conv2d_input_grad([[maybe_unused]] const Conv2dShape& s, [[maybe_unused]] const void* grad_y,
                         [[maybe_unused]] const void* weight,
                         [[maybe_unused]] void* grad_x) override {
    if constexpr (Kernel::terms == 2) {
      if (!fits(s)) return false;
      conv2d_input_grad_by_products<Kernel>(s, narrow(grad_y), narrow(weight), narrow(grad_x));
      return true;
    }
    return false;
  }
  bool conv2d_weight_grad([[maybe_unused]] const Conv2dShape& s, [[maybe_unused]] const void* x,
                          [[maybe_unused]] const void* grad_y,
                          [[maybe_unused]] void* grad_weight) override {
    if constexpr (Kernel::terms == 2) {
      if (!fits(s)) return false;
      conv2d_weight_grad_by_products<Kernel>(s, narrow(x), narrow(grad_y), narrow(grad_weight));
      return true;
    }
    return false;
  }

 private:
  static const bfloat16* narrow(const void* data) { return static_cast<const bfloat16*>(data); }
  static bfloat16* narrow(void* data) { return static_cast<bfloat16*>(data); }

  /// Panels of few columns, and pixels of one or two channels, would be filled up with zeros.
  static bool fits(const Conv2dShape& s) {
    return conv_algorithm() == ConvAlgorithm::automatic && s.in_channels / s.groups >= 3 &&
           s.out_channels / s.groups >= 8;
  }

  template <class A>
  static void gemm_with(const Gemm& g, const A& a) {
    const auto* b = static_cast<const bfloat16*>(g.b);
    if (g.transpose_b) {
      multiply_and_finish(g, a, LinesAlongK{b, g.ldb});
    } else {
      multiply_and_finish(g, a, LinesAcrossK{b, g.ldb});
    }
  }

  template <class A, class B>
  static void multiply_and_finish(const Gemm& g, const A& a, const B& b) {
    const Widened<bfloat16> bias(narrow(g.bias), g.n);
    multiply<Kernel>(g.m, g.n, g.k, a, b,
                     [&](std::int64_t row, std::int64_t column, std::int64_t count, float* sums) {
                       finish_row(bias.at(column), g.relu, count, sums);
                       if (g.dropout > 0)
                         dropout_row(g.dropout, g.at, row * g.n + column, count, sums);
                       round_row(sums, count, narrow(g.c) + row * g.ldc + column);
                     });
  }
};

}  // namespace plastic::cpu
