#pragma once

#include <filesystem>

namespace plastic::test {

/// The folder tests/ of the source tree.
std::filesystem::path test_folder();

}  // namespace plastic::test
