#include "plastic/core/conv_algorithm.h"

#include <atomic>

#include "core/check.h"

namespace plastic {
namespace {

std::atomic<ConvAlgorithm> chosen{ConvAlgorithm::automatic};

}  // namespace

void set_conv_algorithm(ConvAlgorithm algorithm) { chosen = algorithm; }

ConvAlgorithm conv_algorithm() { return chosen; }

const char* name_of(ConvAlgorithm algorithm) {
  switch (algorithm) {
    case ConvAlgorithm::automatic:
      return "automatic";
    case ConvAlgorithm::direct:
      return "direct";
    case ConvAlgorithm::im2row:
      return "im2row";
    case ConvAlgorithm::winograd2:
      return "winograd2";
    case ConvAlgorithm::winograd4:
      return "winograd4";
  }
  fail("conv_algorithm", "unknown algorithm ", static_cast<int>(algorithm));
}

}  // namespace plastic
