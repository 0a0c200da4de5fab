#include "apps/training/interrupt.h"

#include <signal.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <string_view>

#include "apps/terminal/system_terminal.h"

namespace plastic::apps {
namespace {

#ifdef _WIN32
// SIGBREAK is what the closing of a console and Ctrl-Break give.
constexpr int signals[] = {SIGINT, SIGTERM, SIGBREAK};
#else
constexpr int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1};
#endif
// What a guard found outside itself, where that was no guard.
constexpr int no_guard = -1;

// A signal may arrive on any thread: what handlers touch is lock-free.
std::atomic<int> mode = no_guard;
std::atomic<bool> noted = false;
std::atomic<bool> on_terminal = false;
std::atomic<bool> is_rank = false;
std::atomic<bool> is_silent = false;
// When the first signal came.
std::atomic<std::int64_t> noted_at = 0;
static_assert(std::atomic<int>::is_always_lock_free && std::atomic<bool>::is_always_lock_free &&
              std::atomic<std::int64_t>::is_always_lock_free);

std::int64_t milliseconds_now() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

void say(std::string_view line) {
  if (is_silent) return;
  // On a terminal the line takes the place of a progress bar.
  constexpr std::string_view erase = "\r\033[K";
  if (on_terminal && write_some(standard_error, erase.data(), erase.size()) < 0) return;
  // Nothing can be done where it fails.
  [[maybe_unused]] const auto written = write_some(standard_error, line.data(), line.size());
}

[[noreturn]] void quit() {
  if (!is_rank) say("plastic: interrupted\n");
  exit_at_once(interrupted_exit_code);
}

extern "C" void take_signal([[maybe_unused]] int number) {
#ifdef _WIN32
  // A handler there is for one signal.
  signal(number, take_signal);
#endif
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

#ifdef _WIN32

void set_handlers(void (*handler)(int)) {
  for (const int number : signals) signal(number, handler);
}

#else

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

#endif

}  // namespace

InterruptGuard::InterruptGuard(OnSignal on_signal)
    : outer_(mode.exchange(static_cast<int>(on_signal))) {
  noted = false;
  on_terminal = is_terminal(standard_error);
  if (outer_ == no_guard) set_handlers(take_signal);
}

InterruptGuard::~InterruptGuard() {
  if (outer_ == no_guard) set_handlers(SIG_DFL);
  mode = outer_;
}

void interrupt_as_rank(bool speaks) {
  is_rank = true;
  is_silent = !speaks;
}

#ifndef _WIN32
void note_quietly(int number) {
  struct sigaction action {};
  action.sa_handler = take_quietly;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(number, &action, nullptr);
  noted = false;
}
#endif

bool interrupted() { return noted; }

}  // namespace plastic::apps
