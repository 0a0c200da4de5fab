#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "apps/training/training.h"

namespace plastic::apps {

/// Lines on standard output and, when that is a terminal, a bar that is redrawn beneath them.
class Progress {
 public:
  /// `total` is the amount of work that a full bar stands for.
  explicit Progress(std::int64_t total);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Whether there is a bar and it is time to draw it again (ten times a second).
  bool due() const;
  /// Draws `before`, the bar, the time left and `after`. Requires done >= 1.
  void update(std::int64_t done, const std::string& before, const std::string& after);
  /// Prints a line that stays, above the bar.
  void print(const std::string& line);

 private:
  using Clock = std::chrono::steady_clock;

  void clear();

  std::int64_t total_;
  bool terminal_;
  bool drawn_ = false;
  Clock::time_point start_;
  Clock::time_point last_draw_;
};

/// Shows one training run on a Progress that may hold several.
class TrainingDisplay : public TrainingObserver {
 public:
  /// `label` names the run; `done_before` is the work of the runs before it. With `epoch_lines`,
  /// each epoch leaves a line.
  TrainingDisplay(Progress& progress, std::string label, std::int64_t done_before, int epochs,
                  bool epoch_lines);

  void on_step(const StepResult& step) override;
  void on_epoch(const EpochResult& result) override;

 private:
  Progress& progress_;
  std::string label_;
  std::int64_t done_;
  int epochs_;
  bool epoch_lines_;
};

/// "8 s", "1 min 05 s", "2 h 03 min".
std::string format_duration(double seconds);

/// "81.56%", of a fraction.
std::string format_percent(double fraction);

/// A number with `decimals` digits after the point.
std::string format_fixed(double value, int decimals);

/// `text` filled with blanks to `width` columns; a negative width aligns to the right.
std::string pad(const std::string& text, int width);

}  // namespace plastic::apps
