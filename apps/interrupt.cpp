#include "apps/interrupt.h"

#include <signal.h>

namespace plastic::apps {
namespace {

volatile sig_atomic_t noted = 0;

extern "C" void note_signal(int) { noted = 1; }

void set_handler(void (*handler)(int), int flags) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = flags;
  sigemptyset(&action.sa_mask);
  for (const int signal : {SIGINT, SIGTERM}) sigaction(signal, &action, nullptr);
}

}  // namespace

InterruptGuard::InterruptGuard() {
  noted = 0;
  // Reset by the first signal, so that the second one is not caught.
  set_handler(note_signal, static_cast<int>(SA_RESETHAND) | SA_RESTART);
}

InterruptGuard::~InterruptGuard() { set_handler(SIG_DFL, 0); }

bool interrupted() { return noted != 0; }

}  // namespace plastic::apps
