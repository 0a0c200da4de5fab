// What stands in for cuBLAS and cuDNN.
#include "cuda/libraries.h"

#include "core/check.h"

namespace plastic::cuda {

const CublasLt& cublas_lt() { fail("emulator", "has no cuBLAS yet"); }

const std::string& cudnn_reason() {
  static const std::string reason = "the emulator has no cuDNN yet";
  return reason;
}

const Cudnn& cudnn() { fail("emulator", cudnn_reason()); }

}  // namespace plastic::cuda
