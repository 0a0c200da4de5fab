#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "apps/study/workers.h"
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <exception>
#include <iostream>
#include <new>
#include <sstream>
#include <string_view>

#include "apps/training/interrupt.h"
#include "core/check.h"
#include "core/text.h"
#include "plastic/core/device.h"

namespace plastic::apps {
namespace {

// A message is a letter, its length in decimal, a line's end and the text.
constexpr char progress_letter = 'p';
constexpr char result_letter = 'r';
constexpr char failure_letter = 'f';

// What Workers::interrupt() sends: the terminal's signals are left to the parent.
constexpr int interrupt_signal = SIGUSR1;

constexpr double seconds_between_messages = 0.1;
constexpr std::string_view no_memory = "not enough memory";

// Takes no memory, which may have run out. A parent that is gone ends this process by SIGPIPE.
void send(int descriptor, char letter, std::string_view text) {
  std::array<char, 32> head{};
  const int length = std::snprintf(head.data(), head.size(), "%c%zu\n", letter, text.size());
  for (std::string_view rest :
       {std::string_view(head.data(), static_cast<std::size_t>(length)), text}) {
    while (!rest.empty()) {
      const ssize_t written = write(descriptor, rest.data(), rest.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) _exit(1);
      rest.remove_prefix(static_cast<std::size_t>(written));
    }
  }
}

// The child ends with its parent, leaves the terminal's signals to it, and is what the system ends
// first where memory runs out.
void settle_in([[maybe_unused]] pid_t parent) {
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) signal(number, SIG_IGN);
  note_quietly(interrupt_signal);
  signal(SIGPIPE, SIG_DFL);
#ifdef __linux__
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
  const int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (file >= 0) {
    // Nothing can be done where it fails.
    [[maybe_unused]] const ssize_t written = write(file, "500", 3);
    close(file);
  }
#endif
}

[[noreturn]] void work_and_exit(int descriptor, const Workers::Work& work) {
  try {
    set_num_threads(1);
    WorkerObserver observer(descriptor);
    send(descriptor, result_letter, work(observer));
  } catch (const std::bad_alloc&) {
    send(descriptor, failure_letter, no_memory);
  } catch (const std::exception& error) {
    send(descriptor, failure_letter, error.what());
  }
  // Nothing of the parent's is to be written or destroyed twice.
  _exit(0);
}

std::string end_text(int status) {
  if (WIFSIGNALED(status)) {
    const int number = WTERMSIG(status);
    const char* name = strsignal(number);
    return "ended by signal " + std::to_string(number) + " (" +
           (name != nullptr ? name : "unknown") + ")" +
           (number == SIGKILL ? ", as when the system has no more memory" : "");
  }
  return "ended with code " + std::to_string(WIFEXITED(status) ? WEXITSTATUS(status) : -1) +
         " before its result was there";
}

}  // namespace

void WorkerObserver::on_step(const StepResult& step) {
  if (last_ && last_->seconds() < seconds_between_messages) return;
  last_.emplace();
  send(descriptor_, progress_letter, text_of(step.epoch, " ", step.step, " ", step.steps));
}

Workers::Workers(int jobs) : max_jobs_(jobs) {}

Workers::~Workers() { stop(); }

void Workers::start(std::size_t id, const Work& work) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) fail("study", "cannot begin a run: ", system_text(errno));
  // What is in the buffers is written once.
  std::cout.flush();
  std::cerr.flush();
  const pid_t parent = getpid();
  const pid_t process = fork();
  if (process == 0) {
    settle_in(parent);
    for (const Child& other : children_) close(other.descriptor);
    close(ends[0]);
    work_and_exit(ends[1], work);
  }
  const int reason = errno;
  close(ends[1]);
  if (process < 0) {
    close(ends[0]);
    fail("study", "cannot begin a run: ", system_text(reason));
  }
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  children_.push_back(
      {.id = id, .process = process, .descriptor = ends[0], .received = {}, .result = {}});
}

std::vector<WorkerEvent> Workers::wait(int milliseconds) {
  std::vector<pollfd> polled;
  for (const Child& child : children_) {
    polled.push_back({.fd = child.descriptor, .events = POLLIN, .revents = 0});
  }
  std::vector<WorkerEvent> events;
  if (poll(polled.data(), polled.size(), milliseconds) <= 0) return events;
  for (std::size_t i = 0; i < polled.size(); ++i) {
    if (polled[i].revents != 0) read(children_[i], events);
  }
  std::erase_if(children_, [](const Child& child) { return child.descriptor < 0; });
  return events;
}

void Workers::read(Child& child, std::vector<WorkerEvent>& events) {
  std::array<char, 65536> bytes{};
  ssize_t count = 0;
  while ((count = ::read(child.descriptor, bytes.data(), bytes.size())) > 0) {
    child.received.append(bytes.data(), static_cast<std::size_t>(count));
  }
  const bool is_over = count == 0 || (errno != EAGAIN && errno != EINTR);
  WorkerEvent event{.id = child.id};
  bool has_moved = false;
  while (true) {
    const std::size_t line_end = child.received.find('\n');
    if (line_end == std::string::npos) break;
    const std::size_t size = std::stoull(child.received.substr(1, line_end - 1));
    if (child.received.size() < line_end + 1 + size) break;
    const char letter = child.received.front();
    const std::string text = child.received.substr(line_end + 1, size);
    child.received.erase(0, line_end + 1 + size);
    if (letter == progress_letter) {
      std::istringstream(text) >> event.progress.epoch >> event.progress.step >>
          event.progress.steps;
      has_moved = true;
    } else {
      child.result = letter + text;
    }
  }
  if (has_moved && !is_over) events.push_back(event);
  if (is_over) events.push_back(end_of(child));
}

WorkerEvent Workers::end_of(Child& child) {
  close(child.descriptor);
  child.descriptor = -1;
  int status = 0;
  while (waitpid(static_cast<pid_t>(child.process), &status, 0) < 0 && errno == EINTR) {
  }
  WorkerEvent event{.id = child.id, .has_ended = true};
  if (child.result.empty()) {
    event.failure = end_text(status);
  } else if (child.result.front() == failure_letter) {
    event.failure = child.result.substr(1);
  } else {
    event.result = child.result.substr(1);
  }
  return event;
}

void Workers::interrupt() const {
  for (const Child& child : children_) kill(static_cast<pid_t>(child.process), interrupt_signal);
}

void Workers::stop() {
  for (const Child& child : children_) kill(static_cast<pid_t>(child.process), SIGKILL);
  for (Child& child : children_) end_of(child);
  children_.clear();
}

}  // namespace plastic::apps
