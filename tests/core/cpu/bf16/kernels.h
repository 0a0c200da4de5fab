#pragma once

#include <string>
#include <vector>

#include "core/cpu/bf16/pair_kernel.h"
#include "core/cpu/bf16/products.h"
#include "core/cpu/bf16/products_of.h"
#include "core/cpu/bf16/tile_kernel.h"
#include "core/cpu/bf16/wide_kernel.h"
#include "tests/core/cpu/bf16/models.h"

namespace plastic::test {

/// Products of bf16 that run on every machine.
struct NamedProducts {
  std::string name;
  cpu::Bf16Products& products;
};

inline cpu::Bf16Products& model_of_pairs() {
  static cpu::ProductsOf<cpu::PairKernel<ModelOfPairs>> products;
  return products;
}
inline cpu::Bf16Products& model_of_tiles() {
  static cpu::ProductsOf<cpu::TileKernel<ModelOfTiles>> products;
  return products;
}
inline std::vector<NamedProducts> products_of_every_kernel() {
  static cpu::ProductsOf<cpu::WideKernel> wide;
  return {{"widened", wide}, {"pairs", model_of_pairs()}, {"tiles", model_of_tiles()}};
}

}  // namespace plastic::test
