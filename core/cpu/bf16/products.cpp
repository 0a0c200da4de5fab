// The products of bf16 of one level: by its instructions for bf16, or by the kernel of f32.
#include "core/cpu/bf16/products.h"

#include "core/cpu/bf16/instructions.h"
#include "core/cpu/bf16/pair_kernel.h"
#include "core/cpu/bf16/products_of.h"
#include "core/cpu/bf16/tile_kernel.h"
#include "core/cpu/bf16/wide_kernel.h"
#include "core/cpu/level.h"

namespace plastic::cpu {
namespace {

// A build for one processor alone does not ask the system for AMX's tiles, as is_supported() does;
// where the processor has tiles, pairs are slower than f32 (is_worth_it()).
#if defined(PLASTIC_HAS_TILES)
using Kernel = TileKernel<AmxTiles>;
#elif defined(__AVX512BF16__) && !defined(__AMX_TILE__)
using Kernel = PairKernel<Avx512Pairs>;
#else
using Kernel = WideKernel;
#endif

}  // namespace

Bf16Products& PLASTIC_AT_LEVEL(bf16_products)() {
  // Never destroyed, as the device.
  static auto& instance = *new ProductsOf<Kernel>;
  return instance;
}

}  // namespace plastic::cpu
