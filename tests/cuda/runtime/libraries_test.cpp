// NVIDIA's libraries as they are installed: no device is needed to load them.
#include "cuda/runtime/libraries.h"

#include <doctest/doctest.h>

#include <cctype>
#include <string>
#include <vector>

#include "core/device/registry.h"
#include "plastic/core/error.h"

namespace plastic::test {
namespace {

/// Whether an error says that there is no such file, rather than that it lacks a function.
bool says_not_installed(const std::string& error) {
  return error.find("cannot open shared object file") != std::string::npos;
}

TEST_CASE("cuda.libraries.cublas_lt_loads") {
  try {
    CHECK(cuda::cublas_lt().version() >= 120000);
  } catch (const Error& error) {
    REQUIRE(says_not_installed(error.what()));
    MESSAGE("skipped: no CUDA device (" << error.what() << ")");
  }
}

TEST_CASE("cuda.libraries.cudnn_loads") {
  const std::string& reason = cuda::cudnn_reason();
  if (reason.empty()) {
    CHECK(cuda::cudnn().version() >= 90000);
  } else {
    REQUIRE(says_not_installed(reason));
    MESSAGE("skipped: no CUDA device (" << reason << ")");
  }
}

// Of a library that is there, its version and its file.
TEST_CASE("cuda.libraries.are_named_with_version_and_file") {
  const std::vector<std::string> lines = cuda_devices().libraries();
  REQUIRE(lines.size() == 3);
  CHECK(lines[0].starts_with("cuBLASLt "));
  CHECK(lines[1].starts_with("cuDNN "));
  CHECK(lines[2].starts_with("NCCL "));
  for (const std::string& line : lines) {
    CAPTURE(line);
    // A build without it says so.
    if (line == "NCCL is not used: Plastic was built without it") continue;
    if (line.find(" is not ") != std::string::npos) {
      CHECK(says_not_installed(line));
    } else {
      CHECK(std::isdigit(static_cast<unsigned char>(line[line.find(' ') + 1])) != 0);
      CHECK(line.find(", /") != std::string::npos);
      CHECK(line.find(".so") != std::string::npos);
    }
  }
}

}  // namespace
}  // namespace plastic::test
