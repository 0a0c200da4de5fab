#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <string_view>

#include "apps/terminal/system_terminal.h"

namespace plastic::apps {
namespace {

bool are_terminals_hidden = false;

}  // namespace

bool is_terminal(int descriptor) { return !are_terminals_hidden && isatty(descriptor) == 1; }

void hide_terminals() { are_terminals_hidden = true; }

bool parent_shows_on_terminal() {
  // Linux has this; elsewhere there is no such file.
  const std::string link = "/proc/" + std::to_string(getppid()) + "/fd/1";
  std::array<char, 64> name{};
  const ssize_t length = readlink(link.c_str(), name.data(), name.size());
  if (length < 0) return false;
  const std::string_view text(name.data(), static_cast<std::size_t>(length));
  return text.starts_with("/dev/pts/") || text.starts_with("/dev/tty");
}

TerminalSize terminal_size() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) {
    return {};
  }
  return {.columns = size.ws_col, .rows = size.ws_row};
}

void prepare_standard_streams() {
  for (int descriptor = 0; descriptor <= STDERR_FILENO; ++descriptor) {
    if (fcntl(descriptor, F_GETFD) >= 0 || errno != EBADF) continue;
    // Nothing can be done where it fails.
    [[maybe_unused]] const int taken =
        open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY);
  }
  signal(SIGPIPE, SIG_IGN);
}

std::ptrdiff_t write_some(int descriptor, const char* text, std::size_t size) {
  while (true) {
    const ssize_t count = write(descriptor, text, size);
    if (count >= 0) return count;
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      pollfd room{.fd = descriptor, .events = POLLOUT, .revents = 0};
      poll(&room, 1, -1);
    } else if (errno != EINTR) {
      return count;
    }
  }
}

bool wait_for_room(int descriptor, bool (*is_in_vain)()) {
  constexpr int milliseconds = 50;
  while (true) {
    pollfd room{.fd = descriptor, .events = POLLOUT, .revents = 0};
    // What is wrong with the descriptor is for the write to say.
    if (poll(&room, 1, milliseconds) > 0) return true;
    if (is_in_vain()) return false;
  }
}

void end_by_broken_pipe() {
  signal(SIGPIPE, SIG_DFL);
  raise(SIGPIPE);
}

void exit_at_once(int code) { _exit(code); }

std::vector<std::string> arguments_as_utf8(int argc, char** argv) {
  return {argv + std::min(argc, 1), argv + argc};
}

}  // namespace plastic::apps
