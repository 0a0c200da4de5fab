// Output that cannot be written, that nobody reads, or that has nowhere to go.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <ostream>
#include <string>
#include <thread>

#include "apps/terminal/standard_streams.h"
#include "tests/apps/program.h"
#include "tests/support/text.h"

using namespace plastic::test;
namespace fs = std::filesystem;

namespace {

// A folder with a tiny mnist.
class Scene {
 public:
  Scene() { write_tiny_mnist(folder_.path()); }

  fs::path operator/(const std::string& name) const { return folder_.path() / name; }

  // On a run in this folder.
  std::string with(std::string command, const std::string& run) const {
    return command.append(" '").append(folder_ / run).append("'");
  }

  // `run` may be empty, for a training that is not saved.
  std::string train(const char* epochs, const std::string& run = "") const {
    std::string command = with("train --data mnist --data-dir", "");
    command.append(" --hidden 8 --batch-size 50 --threads 1 --epochs ").append(epochs);
    return run.empty() ? command : with(command + " --out", run);
  }

  // A shell script, in which "$@" is the program with its arguments.
  ProgramResult script(const std::string& text, const std::string& arguments) const {
    write_file(*this / "script", text);
    return run_program(arguments, with("bash", "script") + " ");
  }

 private:
  TemporaryFolder folder_;
};

}  // namespace

TEST_CASE("apps.output.full_disk") {
  const Scene scene;
  require_done(scene.train("1", "run"));
  for (const std::string& arguments :
       {std::string("--version"), std::string("--help"), std::string("train --help-np"),
        std::string("train --help"), std::string("info"), std::string("data list"),
        scene.train("1"), scene.train("2", "other"), scene.with("train --resume", "run"),
        scene.with("report", "run")}) {
    CAPTURE(arguments);
    const ProgramResult result = scene.script("\"$@\" >/dev/full", arguments);
    CHECK(result.code == 1);
    CHECK(contains(result.err, "standard output: No space left on device"));
    if (arguments == scene.train("2", "other")) continue;
    const ProgramResult closed = scene.script("\"$@\" >&-", arguments);
    CHECK(closed.code == 1);
    CHECK(contains(closed.err, "standard output: Bad file descriptor"));
  }
  // What it was run for is there all the same.
  CHECK(fs::exists(scene / "other/checkpoint.safetensors"));
  CHECK(contains(read_file(scene / "other/metrics.jsonl"), "\"epoch\":2"));
}

TEST_CASE("apps.output.other_exit_codes_stay") {
  const Scene scene;
  CHECK(scene.script("\"$@\" >/dev/full", "nonsense").code == 2);
  CHECK(scene.script("\"$@\" >/dev/full", "report /nowhere").code == 1);
  CHECK(scene.script("\"$@\" 2>/dev/full", "nonsense").code == 2);
  CHECK(scene.script("\"$@\" 2>/dev/full", "--version").code == 0);
  CHECK(scene.script("\"$@\" 2>&-", "--version").code == 0);
}

// A file that took the number of a closed descriptor would get the program's output.
TEST_CASE("apps.output.all_descriptors_closed") {
  const Scene scene;
  require_done(scene.train("1", "usual"));
  CHECK(scene.script("\"$@\" <&- >&- 2>&-", scene.train("1", "run")).code == 1);
  for (const char* name : {"checkpoint.safetensors", "config.toml"}) {
    CHECK(read_file(scene / "run" / name) == read_file(scene / "usual" / name));
  }
  CHECK(timeless_metrics(scene / "run") == timeless_metrics(scene / "usual"));
}

TEST_CASE("apps.output.reader_leaves") {
  const Scene scene;
  const std::string codes = "\"$@\" | head -n 1 >/dev/null; echo ${PIPESTATUS[0]}";
  // As any program, and without a word.
  for (const std::string& arguments : {std::string("train --help"), scene.train("200")}) {
    CAPTURE(arguments);
    const ProgramResult result = scene.script(codes, arguments);
    CHECK((result.out == "141\n" || result.out == "0\n"));
    CHECK(result.err.empty());
  }
  // A run is carried through.
  const ProgramResult saved = scene.script(codes, scene.train("30", "run"));
  CHECK(saved.out == "0\n");
  CHECK(saved.err.empty());
  const std::string metrics = read_file(scene / "run/metrics.jsonl");
  CHECK(std::count(metrics.begin(), metrics.end(), '\n') == 30);
}

// As the other end of a terminal or a pipe may set it: what does not fit at once waits.
TEST_CASE("apps.output.descriptor_that_does_not_block") {
  int ends[2];
  REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
  REQUIRE(fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0);
  std::string read_back;
  std::thread reader([&] {
    std::array<char, 1000> piece{};
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    for (ssize_t count; (count = read(ends[0], piece.data(), piece.size())) > 0;) {
      read_back.append(piece.data(), static_cast<std::size_t>(count));
    }
  });
  std::string text;
  {
    plastic::apps::DescriptorBuffer buffer(ends[1]);
    std::ostream out(&buffer);
    for (int i = 0; i < 50'000; ++i) {
      const std::string line = std::to_string(i) + ", and so on\n";
      text += line;
      out << line;
    }
    out.flush();
    CHECK(out.good());
    CHECK(buffer.error() == 0);
  }
  close(ends[1]);
  reader.join();
  close(ends[0]);
  CHECK(read_back == text);
}

TEST_CASE("apps.output.is_dropped_where_nobody_will_read_it") {
  static std::atomic<bool> is_in_vain;
  is_in_vain = false;
  int ends[2];
  REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
  REQUIRE(fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0);
  plastic::apps::drop_output_where([] { return is_in_vain.load(); });
  constexpr int lines = 50'000;
  {
    plastic::apps::DescriptorBuffer buffer(ends[1]);
    std::ostream out(&buffer);
    // Nobody reads, and the pipe holds far less.
    std::thread signal([] {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      is_in_vain = true;
    });
    for (int i = 0; i < lines; ++i) out << i << ", and so on\n";
    out.flush();
    CHECK(out.good());
    CHECK(buffer.error() == 0);
    signal.join();
    // Where there is room again, nothing is dropped.
    std::array<char, 1 << 16> some{};
    while (read(ends[0], some.data(), some.size()) > 0) {
    }
    out << "the end\n" << std::flush;
    CHECK(read(ends[0], some.data(), some.size()) == 8);
    CHECK(std::string(some.data(), 8) == "the end\n");
  }
  plastic::apps::drop_output_where(nullptr);
  close(ends[0]);
  close(ends[1]);
}
