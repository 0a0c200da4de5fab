#include "apps/terminal/progress.h"

#include <algorithm>
#include <cmath>
#include <iostream>
#include <utility>

#include "apps/terminal/system_terminal.h"
#include "apps/terminal/terminal_text.h"
#include "core/text.h"

namespace plastic::apps {
namespace {

constexpr std::chrono::milliseconds redraw_interval(100);
constexpr std::int64_t widest_bar = 24;
constexpr std::int64_t narrowest_bar = 5;

// Empty where there is no room for it.
std::string bar(double share, std::int64_t room) {
  const std::int64_t width = std::min(room, widest_bar);
  if (width < narrowest_bar) return "";
  const auto filled = static_cast<std::int64_t>(share * static_cast<double>(width));
  const auto part = [](std::int64_t count, char c) {
    return std::string(static_cast<std::size_t>(count), c);
  };
  return " [" + part(filled, '#') + part(width - filled, '-') + "]";
}

}  // namespace

Progress::Progress(std::int64_t total)
    : total_(std::max<std::int64_t>(total, 1)),
      terminal_(is_terminal(standard_output)),
      start_(Clock::now()),
      last_draw_(start_ - redraw_interval) {}

Progress::~Progress() { clear(); }

bool Progress::due() const { return terminal_ && Clock::now() - last_draw_ >= redraw_interval; }

void Progress::update(std::int64_t done, const std::string& before, const std::string& after) {
  last_draw_ = Clock::now();
  const double elapsed = std::chrono::duration<double>(last_draw_ - start_).count();
  const double left = elapsed * static_cast<double>(total_ - done) / static_cast<double>(done);
  const std::string text = "  " + format_duration(left) + " left  " + after;
  // A line that wraps could not be redrawn in place: the bar gives way first, then the end.
  const std::int64_t columns = terminal_size().columns - 1;
  const std::int64_t room = columns - std::ssize(before) - std::ssize(text) - 3;
  std::string line =
      before + bar(static_cast<double>(done) / static_cast<double>(total_), room) + text;
  line.resize(static_cast<std::size_t>(std::min<std::int64_t>(std::ssize(line), columns)));
  erase_line();
  std::cout << line << std::flush;
  drawn_ = true;
}

void Progress::print(const std::string& line) {
  clear();
  std::cout << line << std::endl;
}

void Progress::clear() {
  if (drawn_) erase_line();
  drawn_ = false;
}

TrainingDisplay::TrainingDisplay(Progress& progress, std::string label, std::int64_t done_before,
                                 int epochs, bool epoch_lines)
    : progress_(progress),
      label_(std::move(label)),
      done_(done_before),
      epochs_(epochs),
      epoch_lines_(epoch_lines) {}

void TrainingDisplay::on_step(const StepResult& step) {
  ++done_;
  if (!progress_.due()) return;
  progress_.update(
      done_, label_ + "epoch " + std::to_string(step.epoch) + "/" + std::to_string(epochs_),
      "loss " + format_fixed(step.loss, 4) + "  accuracy " + format_percent(step.accuracy) + "  " +
          format_fixed(step.images_per_second, 0) + " images/s");
}

void TrainingDisplay::on_epoch(const EpochResult& result) {
  if (!epoch_lines_) return;
  const std::string count = std::to_string(epochs_);
  const std::string epoch = std::to_string(result.epoch);
  const auto part = [](const char* name, double loss, double accuracy) {
    return std::string("  ") + name + " loss " + format_fixed(loss, 4) + " accuracy " +
           format_percent(accuracy);
  };
  std::string line = label_ + "epoch " + pad(epoch, -static_cast<int>(count.size())) + "/" + count +
                     part("train", result.train_loss, result.train_accuracy);
  if (result.validation_loss && result.validation_accuracy) {
    line += part("validation", *result.validation_loss, *result.validation_accuracy);
  }
  progress_.print(line + part("test", result.test_loss, result.test_accuracy) + "  " +
                  format_fixed(result.seconds, 2) + " s  " +
                  format_fixed(result.images_per_second, 0) + " images/s");
}

std::string format_duration(double seconds) {
  const auto total = static_cast<std::int64_t>(std::llround(std::max(seconds, 0.0)));
  const auto two_digits = [](std::int64_t value) {
    return (value < 10 ? "0" : "") + std::to_string(value);
  };
  if (total < 60) return std::to_string(total) + " s";
  if (total < 3600) return std::to_string(total / 60) + " min " + two_digits(total % 60) + " s";
  return std::to_string(total / 3600) + " h " + two_digits(total % 3600 / 60) + " min";
}

std::string format_percent(double fraction) { return format_fixed(100.0 * fraction, 2) + "%"; }

std::string format_fixed(double value, int decimals) { return fixed_text(value, decimals); }

std::string pad(const std::string& text, int width) {
  // Columns, not bytes: the later bytes of a UTF-8 character take none.
  const auto columns = std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  });
  const auto missing = std::max<std::int64_t>(std::abs(width) - columns, 0);
  const std::string blanks(static_cast<std::size_t>(missing), ' ');
  return width < 0 ? blanks + text : text + blanks;
}

}  // namespace plastic::apps
