#include "optim/probe/name_pattern.h"

#include <doctest/doctest.h>

#include <string>

using plastic::optim::matches_pattern;

TEST_CASE("optim.probe.name_pattern") {
  CHECK(matches_pattern("*", ""));
  CHECK(matches_pattern("*", "a.b"));
  CHECK(matches_pattern("a.b", "a.b"));
  CHECK(!matches_pattern("a.b", "a.bc"));
  CHECK(!matches_pattern("a.b", "xa.b"));
  CHECK(!matches_pattern("a.b", "acb"));
  CHECK(matches_pattern("a?b", "acb"));
  CHECK(!matches_pattern("a?b", "ab"));
  CHECK(matches_pattern("*.weight", "layer1.0.conv1.weight"));
  CHECK(!matches_pattern("*.weight", "layer1.0.conv1.weights"));
  CHECK(matches_pattern("l*.c*1.*t", "layer1.0.conv1.weight"));
  CHECK(!matches_pattern("l*.c*2.*t", "layer1.0.conv1.weight"));
  CHECK(matches_pattern("x, *.bias ,y", "0.bias"));
  CHECK(matches_pattern("x,y*", "y"));
  CHECK(!matches_pattern("x,,y", ""));
  CHECK(!matches_pattern("", ""));
  CHECK(!matches_pattern(" ", "x"));
  // Time is bounded whatever the pattern.
  std::string hard;
  for (int i = 0; i < 2000; ++i) hard += "*a";
  CHECK(!matches_pattern(hard, std::string(4000, 'b')));
}
