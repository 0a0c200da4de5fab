#include <doctest/doctest.h>

#include "plastic/data/idx.h"
#include "tests/data/files.h"

using namespace plastic::test;

TEST_CASE("data.gzip.not-in-this-build") {
  const TemporaryFolder folder;
  write_file(folder / "file.gz", gzip_stored(idx_bytes({3}, Bytes{1, 2, 3})));
  CHECK(contains(
      error_of([&] { plastic::data::read_idx(folder / "file.gz", 1); }),
      {"[idx] ", "/file.gz: ", "this build does not read gzip", "gunzip", "-DPLASTIC_ZLIB=ON"}));
}
