#include "apps/terminal/live_lines.h"

#include <algorithm>
#include <iostream>

#include "apps/terminal/system_terminal.h"
#include "apps/terminal/terminal_text.h"

namespace plastic::apps {
namespace {

constexpr std::chrono::milliseconds redraw_interval(200);

// The first `columns` columns: the later bytes of a UTF-8 character take none.
std::string cut(const std::string& text, int columns) {
  std::size_t end = 0;
  for (int used = 0; end < text.size(); ++end) {
    const bool begins = (static_cast<unsigned char>(text[end]) & 0xC0) != 0x80;
    if (begins && ++used > columns) break;
  }
  return text.substr(0, end);
}

}  // namespace

LiveLines::LiveLines()
    : terminal_(plastic::apps::is_terminal(standard_output)),
      last_draw_(Clock::now() - redraw_interval) {}

LiveLines::~LiveLines() { clear(); }

std::size_t LiveLines::room() const { return static_cast<std::size_t>(terminal_size().rows - 1); }

bool LiveLines::due() const { return terminal_ && Clock::now() - last_draw_ >= redraw_interval; }

void LiveLines::draw(const std::vector<std::string>& lines) {
  if (!terminal_) return;
  last_draw_ = Clock::now();
  clear();
  const TerminalSize size = terminal_size();
  // A line that wraps, or a block higher than the terminal, could not be taken back.
  const auto count = std::min<std::size_t>(lines.size(), static_cast<std::size_t>(size.rows - 1));
  for (std::size_t i = 0; i < count; ++i) {
    std::cout << cut(lines[i], size.columns - 1) << (i + 1 < count ? "\n" : "");
  }
  std::cout << std::flush;
  drawn_ = static_cast<int>(count);
}

void LiveLines::print(const std::string& line) {
  clear();
  std::cout << line << std::endl;
}

void LiveLines::clear() {
  if (drawn_ > 0) erase_lines(drawn_);
  drawn_ = 0;
}

}  // namespace plastic::apps
