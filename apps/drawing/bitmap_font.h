#pragma once

#include <string>
#include <string_view>

namespace plastic::apps {

/// The size of a character in pixels, without the gap to the next. Only descenders, as in g, use
/// the last row.
inline constexpr int glyph_width = 5;
inline constexpr int glyph_height = 8;

/// Whether the pixel is set, for x in [0, 5) and y in [0, 8); characters other than those of ASCII
/// that print look like '?'.
bool is_ink(char character, int x, int y);

/// UTF-8 as the font can show it: a '?' for each character that it lacks.
std::string as_drawn(std::string_view text);

}  // namespace plastic::apps
