#include <doctest/doctest.h>

#include "plastic/data/csv.h"
#include "tests/data/files.h"

using namespace plastic::test;

TEST_CASE("data.csv.not-built-in") {
  CHECK(contains(error_of([] { plastic::data::read_csv("table.csv"); }),
                 {"[csv] table.csv", "does not read CSV", "-DPLASTIC_CSV=ON"}));
  CHECK(contains(error_of([] { plastic::data::read_csv_dataset("table.csv"); }),
                 {"[csv] table.csv", "does not read CSV"}));
}
