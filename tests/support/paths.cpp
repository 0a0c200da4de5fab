#include "tests/support/paths.h"

namespace plastic::test {

std::filesystem::path test_folder() { return PLASTIC_TEST_DATA; }

}  // namespace plastic::test
