#include "tests/support/child.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <thread>

namespace plastic::test {

int fork_and_wait(unsigned seconds) {
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    alarm(seconds);
    const int nowhere = open("/dev/null", O_WRONLY);
    dup2(nowhere, STDOUT_FILENO);
    if (std::getenv("PLASTIC_SHOW_CHILDREN") == nullptr) dup2(nowhere, STDERR_FILENO);
    return 0;
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int in_child(const std::function<int()>& body, unsigned seconds) {
  const pid_t parent = getpid();
  const int end = fork_and_wait(seconds);
  if (getpid() == parent) return end;
  // Nothing may unwind into the test.
  int code = 99;
  try {
    code = body();
  } catch (const std::exception&) {
  }
  std::exit(code);
}

bool skips_threads_of_children() {
  static const bool are_started = [] {
    std::atomic<bool> is_done = false;
    std::thread other([&] {
      while (!is_done) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    });
    const int end = in_child([] {
      std::thread([] {}).join();
      return 0;
    });
    is_done = true;
    other.join();
    return end == 0;
  }();
  if (!are_started) MESSAGE("skipped: children of this process start no threads here");
  return !are_started;
}

}  // namespace plastic::test
