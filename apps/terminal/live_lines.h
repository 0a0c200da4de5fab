#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace plastic::apps {

/// Lines on standard output and, when that is a terminal, a block of lines beneath them that is
/// redrawn in place.
class LiveLines {
 public:
  LiveLines();
  /// Takes the block away.
  ~LiveLines();
  LiveLines(const LiveLines&) = delete;
  LiveLines& operator=(const LiveLines&) = delete;

  bool is_terminal() const { return terminal_; }
  /// How many lines of a block fit.
  std::size_t room() const;
  /// Whether it is time to draw the block again (five times a second).
  bool due() const;
  /// Draws the block, as much of it as fits.
  void draw(const std::vector<std::string>& lines);
  /// Prints a line that stays, above the block.
  void print(const std::string& line);

 private:
  using Clock = std::chrono::steady_clock;

  void clear();

  bool terminal_;
  int drawn_ = 0;
  Clock::time_point last_draw_;
};

}  // namespace plastic::apps
