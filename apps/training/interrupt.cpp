#include "apps/training/interrupt.h"

#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <string_view>

namespace plastic::apps {
namespace {

constexpr int signals[] = {SIGINT, SIGTERM, SIGHUP};
// What a guard found outside itself, where that was no guard.
constexpr int no_guard = -1;

// A signal may arrive on any thread: what handlers touch is lock-free.
std::atomic<int> mode = no_guard;
std::atomic<bool> noted = false;
std::atomic<bool> on_terminal = false;
// When the first signal came.
std::atomic<std::int64_t> noted_at = 0;
static_assert(std::atomic<int>::is_always_lock_free && std::atomic<bool>::is_always_lock_free &&
              std::atomic<std::int64_t>::is_always_lock_free);

std::int64_t milliseconds_now() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

void say(std::string_view line) {
  // On a terminal the line takes the place of a progress bar.
  constexpr std::string_view erase = "\r\033[K";
  if (on_terminal && write(STDERR_FILENO, erase.data(), erase.size()) < 0) return;
  // Nothing can be done where it fails.
  [[maybe_unused]] const auto written = write(STDERR_FILENO, line.data(), line.size());
}

[[noreturn]] void quit() {
  say("plastic: interrupted\n");
  _exit(interrupted_exit_code);
}

extern "C" void take_signal(int) {
  constexpr std::int64_t one_signal_milliseconds = 1000;
  const int before = errno;
  const std::int64_t now = milliseconds_now();
  if (mode == static_cast<int>(OnSignal::quit)) quit();
  if (!noted.exchange(true)) {
    noted_at = now;
    say("plastic: stopping after this batch; again to quit at once\n");
  } else if (now - noted_at >= one_signal_milliseconds) {
    quit();
  }
  errno = before;
}

extern "C" void take_quietly(int) { noted = true; }

void set_handlers(void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  for (const int signal : signals) {
    struct sigaction now {};
    sigaction(signal, nullptr, &now);
    if (signal == SIGHUP && now.sa_handler == SIG_IGN) continue;
    sigaction(signal, &action, nullptr);
  }
}

}  // namespace

InterruptGuard::InterruptGuard(OnSignal on_signal)
    : outer_(mode.exchange(static_cast<int>(on_signal))) {
  noted = false;
  on_terminal = isatty(STDERR_FILENO) == 1;
  if (outer_ == no_guard) set_handlers(take_signal);
}

InterruptGuard::~InterruptGuard() {
  if (outer_ == no_guard) set_handlers(SIG_DFL);
  mode = outer_;
}

void note_quietly(int number) {
  struct sigaction action {};
  action.sa_handler = take_quietly;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(number, &action, nullptr);
  noted = false;
}

bool interrupted() { return noted; }

}  // namespace plastic::apps
