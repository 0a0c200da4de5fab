#include "plastic/core/shape.h"

#include <doctest/doctest.h>

#include "core/device/array.h"
#include "plastic/core/error.h"

namespace plastic {
namespace {

TEST_CASE("core.shape.basics") {
  Shape shape = {2, 3};
  shape.insert(0, 7);
  shape.push_back(4);
  CHECK(to_string(shape) == "(7, 2, 3, 4)");
  shape.erase(1);
  CHECK(shape == Shape{7, 3, 4});
  CHECK(shape != Shape{7, 3});
  CHECK(shape.numel() == 84);
  CHECK(Shape{}.numel() == 1);
  CHECK(to_string(Shape{}) == "()");
  CHECK(to_string(Shape{3}) == "(3,)");
  CHECK_THROWS_WITH_AS((Shape{1, 2, 3, 4, 5, 6, 7, 8, 9}), "[shape] more than 8 axes", Error);
}

TEST_CASE("core.shape.broadcast") {
  CHECK(broadcast_shapes("t", {3, 1}, {4}) == Shape{3, 4});
  CHECK(broadcast_shapes("t", {0, 4}, {1, 4}) == Shape{0, 4});
  CHECK(broadcast_shapes("t", {}, {2}) == Shape{2});
  CHECK_THROWS_AS(broadcast_shapes("t", {3}, {4}), Error);
}

TEST_CASE("core.shape.collapse_axes") {
  Array arrays[] = {{.shape = {2, 3, 1, 4}, .strides = {12, 4, 4, 1}},
                    {.shape = {2, 3, 1, 4}, .strides = {0, 4, 9, 1}}};
  collapse_axes(arrays);
  CHECK(arrays[0].shape == Shape{2, 12});
  CHECK(arrays[0].strides == Shape{12, 1});
  CHECK(arrays[1].strides == Shape{0, 1});
}

}  // namespace
}  // namespace plastic
