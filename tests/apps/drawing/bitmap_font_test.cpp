#include "apps/drawing/bitmap_font.h"

#include <doctest/doctest.h>

#include <set>

using namespace plastic::apps;

namespace {

/// The rows of a character, '#' for ink.
std::string rows_of(char c) {
  std::string out;
  for (int y = 0; y < glyph_height; ++y) {
    for (int x = 0; x < glyph_width; ++x) out += is_ink(c, x, y) ? '#' : '.';
    out += '\n';
  }
  return out;
}

}  // namespace

TEST_CASE("apps.bitmap_font.glyphs") {
  CHECK(rows_of('F') == "#####\n#....\n#....\n###..\n#....\n#....\n#....\n.....\n");
  CHECK(rows_of('7') == "#####\n....#\n...#.\n..#..\n.#...\n.#...\n.#...\n.....\n");
  CHECK(rows_of(' ').find('#') == std::string::npos);
  CHECK(rows_of('\x7F') == rows_of('?'));
  CHECK(rows_of('\x80') == rows_of('?'));
  // No two characters look alike.
  std::set<std::string> all;
  for (char c = ' '; c <= '~'; ++c) all.insert(rows_of(c));
  CHECK(all.size() == 95);
}

TEST_CASE("apps.bitmap_font.as_drawn") {
  CHECK(as_drawn("T-shirt/top") == "T-shirt/top");
  CHECK(as_drawn("K\xC3\xA4tzchen \xE7\x8C\xAB\n") == "K?tzchen ??");
  CHECK(as_drawn("").empty());
}
