#include "apps/drawing/contact_sheet.h"

#include <algorithm>
#include <cmath>

#include "apps/drawing/bitmap_font.h"

namespace plastic::apps {
namespace {

constexpr Colour paper = {250, 250, 248};
constexpr Colour ink = {30, 30, 36};
constexpr Colour red = {190, 20, 20};
constexpr std::int64_t text_factor = 2;
constexpr std::int64_t line_height = (glyph_height + 2) * text_factor;
constexpr std::int64_t margin = 12;
/// What small pictures are magnified to, about.
constexpr std::int64_t usual_side = 112;
/// Longer labels are cut.
constexpr std::size_t max_label = 18;

std::string cut(const std::string& label) {
  return label.size() <= max_label ? label : label.substr(0, max_label - 2) + "..";
}

/// Lines of at most `width` pixels, broken between words where one fits.
std::vector<std::string> wrapped(const std::string& text, std::int64_t width) {
  const auto limit = static_cast<std::size_t>(
      std::max<std::int64_t>(width / ((glyph_width + 1) * text_factor), 1));
  std::vector<std::string> lines;
  std::string rest = text;
  while (rest.size() > limit) {
    const std::size_t space = rest.rfind(' ', limit);
    const bool between_words = space != std::string::npos && space > 0;
    lines.push_back(rest.substr(0, between_words ? space : limit));
    rest.erase(0, between_words ? space + 1 : limit);
  }
  if (!rest.empty()) lines.push_back(rest);
  return lines;
}

/// About as wide as high.
std::int64_t columns_for(std::int64_t count, std::int64_t cell_width, std::int64_t cell_height) {
  const double square = std::sqrt(static_cast<double>(count) * static_cast<double>(cell_height) /
                                  static_cast<double>(cell_width));
  return std::clamp<std::int64_t>(std::llround(square), 1, count);
}

}  // namespace

Canvas contact_sheet(const std::string& title, const std::vector<LabelledPicture>& pictures) {
  const std::int64_t rows = pictures.front().image.size(1);
  const std::int64_t columns = pictures.front().image.size(2);
  const std::int64_t factor = std::max<std::int64_t>(1, usual_side / std::max(rows, columns));
  std::vector<std::string> labels;
  std::int64_t cell_width = columns * factor;
  std::vector<std::string> right_labels;
  bool has_wrong = false;
  for (const LabelledPicture& picture : pictures) {
    const bool is_wrong = !picture.right_label.empty();
    labels.push_back(cut(as_drawn(picture.label)));
    right_labels.push_back(is_wrong ? cut("is " + as_drawn(picture.right_label)) : "");
    for (const auto* all : {&labels, &right_labels}) {
      cell_width = std::max(cell_width, text_width(all->back(), text_factor));
    }
    has_wrong = has_wrong || is_wrong;
  }
  const std::int64_t cell_height =
      rows * factor + margin / 2 + (has_wrong ? 2 * line_height : line_height);
  const std::int64_t count = std::ssize(pictures);
  const std::int64_t across = columns_for(count, cell_width + margin, cell_height + margin);
  const std::int64_t down = (count + across - 1) / across;
  const std::int64_t width = margin + across * (cell_width + margin);
  const std::vector<std::string> lines = wrapped(as_drawn(title), width - 2 * margin);
  const std::int64_t top = margin + std::ssize(lines) * line_height + margin / 2;

  Canvas sheet(width, top + down * (cell_height + margin), paper);
  std::int64_t y = margin;
  for (const std::string& line : lines) {
    sheet.draw_text(margin, y, line, text_factor, ink);
    y += line_height;
  }
  for (std::int64_t i = 0; i < count; ++i) {
    const auto at = static_cast<std::size_t>(i);
    const std::int64_t left = margin + i % across * (cell_width + margin);
    const std::int64_t upper = top + i / across * (cell_height + margin);
    sheet.draw_image(left + (cell_width - columns * factor) / 2, upper, pictures[at].image, factor);
    const auto draw_label = [&](const std::string& label, std::int64_t y_of_label, Colour colour) {
      const std::int64_t indent = (cell_width - text_width(label, text_factor)) / 2;
      sheet.draw_text(left + indent, y_of_label, label, text_factor, colour);
    };
    const std::int64_t beneath = upper + rows * factor + margin / 2;
    const bool is_wrong = !right_labels[at].empty();
    draw_label(labels[at], beneath, is_wrong ? red : ink);
    if (is_wrong) draw_label(right_labels[at], beneath + line_height, ink);
  }
  return sheet;
}

}  // namespace plastic::apps
