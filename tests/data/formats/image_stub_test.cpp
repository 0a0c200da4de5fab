#include <doctest/doctest.h>

#include "plastic/data/image.h"
#include "tests/data/files.h"

using namespace plastic::test;

TEST_CASE("data.image.not-in-this-build") {
  CHECK(contains(error_of([] { plastic::data::read_image("cat.png"); }),
                 {"[image] cat.png", "does not decode images", "-DPLASTIC_IMAGES=ON"}));
}
