#include "cuda/runtime/check.h"

#include <doctest/doctest.h>

#include <string>

#include "tests/support/text.h"

namespace plastic::cuda {
namespace {

std::string told(cudaError_t error) {
  return test::error_of([&] { check(error, "add on ", 3, " blocks"); });
}

TEST_CASE("cuda.check.names_call_and_error") {
  CHECK(told(cudaSuccess) == "no error");
  CHECK(test::contains(told(cudaErrorInvalidValue),
                       "[cuda] add on 3 blocks: cudaErrorInvalidValue, "));
}

TEST_CASE("cuda.check.says_what_a_build_for_other_cards_needs") {
  CHECK(test::contains(told(cudaErrorNoKernelImageForDevice), "PLASTIC_CUDA_ARCHITECTURES"));
}

}  // namespace
}  // namespace plastic::cuda
