#include <doctest/doctest.h>

#include "plastic/data/cifar.h"
#include "tests/data/files.h"

using namespace plastic::test;

TEST_CASE("data.xz.not-in-this-build") {
  const TemporaryFolder folder;
  write_file(folder / "file.xz", Bytes{0xfd, '7', 'z', 'X', 'Z', 0, 0, 4});
  CHECK(contains(error_of([&] { plastic::data::read_cifar10({folder / "file.xz"}); }),
                 {"[cifar] ", "/file.xz: ", "this build does not read xz", "-DPLASTIC_LZMA=ON"}));
}
