#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "tests/support/temporary_folder.h"

namespace plastic::test {

struct ProgramResult {
  int code = -1;
  std::string out;
  std::string err;
};

/// Runs the real `plastic` program through the shell and waits for it; `before` are commands of the
/// shell that prepare it.
ProgramResult run_program(const std::string& arguments, const std::string& before = "");

/// The same where it must exit with 0.
ProgramResult require_done(const std::string& arguments);

/// The library that makes calls of the system fail (tests/support/failing_calls.cpp); empty where
/// there is none.
std::string failing_calls();

/// Where the program is.
std::string program_path();

/// The program, running beside the test; killed when this goes.
class RunningProgram {
 public:
  /// `launcher` is a command that starts it, such as mpirun, and gets the signals.
  explicit RunningProgram(const std::string& arguments, const std::string& launcher = "");
  ~RunningProgram();
  RunningProgram(const RunningProgram&) = delete;
  RunningProgram& operator=(const RunningProgram&) = delete;

  /// Its number.
  int process() const { return process_; }
  void send(int signal) const;
  /// Waits until it has written the file, of which an earlier program may have left one, or has
  /// ended; fails when it ends and there is none.
  void wait_for(const std::filesystem::path& file) const;
  /// Waits for its end. The code is -1 when a signal ended it.
  ProgramResult wait();

 private:
  TemporaryFolder output_;
  std::filesystem::file_time_type begun_;
  int process_;
};

/// The lines of FOLDER/metrics.jsonl without what depends on the time.
std::string timeless_metrics(const std::filesystem::path& folder);

std::string read_file(const std::filesystem::path& path);
void write_file(const std::filesystem::path& path, const std::string& text);

/// The content of an IDX file of `count` 28x28 images in which the label is easy to see, and that
/// of the labels 0 to 9 in turn.
std::string idx_images(std::uint32_t count);
std::string idx_labels(std::uint32_t count);

/// Writes the four files of a tiny mnist to `folder`: 200 training and 50 test images.
void write_tiny_mnist(const std::filesystem::path& folder);

}  // namespace plastic::test
