#include "cuda/runtime/library_use.h"

#include <atomic>

namespace plastic::cuda {
namespace {

std::atomic<std::int64_t> products;
std::atomic<std::int64_t> convolutions;
std::atomic<std::int64_t> direct_convolutions;

}  // namespace

LibraryUse library_use() {
  return {.products = products,
          .convolutions = convolutions,
          .direct_convolutions = direct_convolutions};
}

void count_product() { ++products; }

void count_convolution(bool is_direct) { ++(is_direct ? direct_convolutions : convolutions); }

}  // namespace plastic::cuda
