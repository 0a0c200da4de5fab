#include "tests/support/temporary_folder.h"

#include <random>
#include <stdexcept>
#include <system_error>

namespace plastic::test {

TemporaryFolder::TemporaryFolder() {
  std::random_device device;
  for (int attempt = 0; attempt < 100; ++attempt) {
    path_ = std::filesystem::temp_directory_path() / ("plastic-test-" + std::to_string(device()));
    if (std::filesystem::create_directory(path_)) return;
  }
  throw std::runtime_error("cannot make the folder " + path_.string());
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace plastic::test
