#include "apps/drawing/contact_sheet.h"

#include <doctest/doctest.h>

#include "apps/drawing/bitmap_font.h"
#include "apps/drawing/png.h"
#include "plastic/core/error.h"
#include "tests/apps/program.h"

using namespace plastic;
using namespace plastic::apps;
using namespace plastic::test;

namespace {

constexpr Colour white = {255, 255, 255};
constexpr Colour red = {200, 10, 20};

std::int64_t count_of(const Canvas& canvas, Colour colour) {
  std::int64_t count = 0;
  for (std::int64_t y = 0; y < canvas.height(); ++y) {
    for (std::int64_t x = 0; x < canvas.width(); ++x) count += canvas.at(x, y) == colour ? 1 : 0;
  }
  return count;
}

/// One colour, (3, 8, 8).
Tensor plain(Colour colour) {
  std::vector<std::uint8_t> bytes;
  for (const std::uint8_t value : {colour.red, colour.green, colour.blue}) {
    bytes.insert(bytes.end(), 64, value);
  }
  return Tensor::from(std::span<const std::uint8_t>(bytes), {3, 8, 8});
}

}  // namespace

TEST_CASE("apps.canvas.draws_within_its_bounds") {
  Canvas canvas(10, 6, white);
  canvas.fill(8, 4, 5, 5, red);
  CHECK(count_of(canvas, red) == 4);
  CHECK(canvas.at(9, 5) == red);
  const std::vector<std::uint8_t> bytes = {0, 50, 100, 150};
  canvas.draw_image(-2, 0, Tensor::from(std::span<const std::uint8_t>(bytes), {1, 2, 2}), 2);
  CHECK(canvas.at(0, 0) == Colour{50, 50, 50});
  CHECK(canvas.at(1, 3) == Colour{150, 150, 150});
  CHECK(canvas.at(2, 0) == white);
  canvas.draw_text(4, -3, "-", 1, red);
  CHECK(canvas.at(4, 0) == red);
  CHECK(canvas.at(8, 0) == red);
  CHECK(canvas.at(9, 0) == white);
  CHECK(text_width("abc", 2) == 34);
  CHECK_THROWS_WITH_AS(Canvas(1 << 20, 1 << 20, white), doctest::Contains("fewer or smaller"),
                       Error);
}

TEST_CASE("apps.contact_sheet.pictures_and_labels") {
  const std::vector<LabelledPicture> one = {{plain(red), "x"}};
  const Canvas sheet = contact_sheet("", one);
  // 8 pixels become 112.
  CHECK(count_of(sheet, red) == 112 * 112);
  // The label's ink, twice as large as in the font.
  std::int64_t ink = 0;
  for (int y = 0; y < glyph_height; ++y) {
    for (int x = 0; x < glyph_width; ++x) ink += is_ink('x', x, y) ? 4 : 0;
  }
  const Colour text = {30, 30, 36};
  CHECK(count_of(sheet, text) == ink);
  // A title takes room, and a longer one several lines.
  CHECK(contact_sheet("a title", one).height() > sheet.height());
  CHECK(contact_sheet("a title that is longer than a picture is wide", one).height() >
        contact_sheet("a title", one).height());
  // Every picture is there.
  std::vector<LabelledPicture> many(23, one.front());
  many.back().label = "a very long name of a class, longer than others";
  const Canvas all = contact_sheet("", many);
  CHECK(count_of(all, red) == 23 * 112 * 112);
  CHECK(all.width() < 2 * all.height());
  CHECK(all.height() < 2 * all.width());
}

TEST_CASE("apps.png.mark") {
  const TemporaryFolder folder;
  const std::string path = folder / "a.png";
  CHECK_FALSE(is_drawn_png(path));
  const std::string file = png_of(Canvas(3, 2, red));
  write_file(path, file);
  CHECK(is_drawn_png(path));
  std::string other = file;
  other[60] = static_cast<char>(other[60] ^ 1);
  write_file(path, other);
  CHECK_FALSE(is_drawn_png(path));
  write_file(path, file.substr(0, 40));
  CHECK_FALSE(is_drawn_png(path));
  write_file(path, "<html>");
  CHECK_FALSE(is_drawn_png(path));
}
