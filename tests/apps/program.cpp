#include "tests/apps/program.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

namespace plastic::test {
namespace {

constexpr std::uint32_t image_side = 28;

std::string big_endian(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) {
    bytes += static_cast<char>((value >> shift) & 0xFF);
  }
  return bytes;
}

std::string shell_command(const std::string& arguments, const TemporaryFolder& output) {
  // Arguments may name another standard input.
  return std::string("'" PLASTIC_BINARY "' </dev/null ") + arguments + " >'" + (output / "out") +
         "' 2>'" + (output / "err") + "'";
}

ProgramResult result_of(int status, const TemporaryFolder& output) {
  // Killed early, the shell may not have made the files yet.
  const auto text = [&](const char* name) {
    return std::filesystem::exists(output / name) ? read_file(output / name) : std::string();
  };
  return {
      .code = WIFEXITED(status) ? WEXITSTATUS(status) : -1, .out = text("out"), .err = text("err")};
}

}  // namespace

ProgramResult run_program(const std::string& arguments, const std::string& before) {
  const TemporaryFolder folder;
  const std::string command = before + shell_command(arguments, folder);
  const int status = std::system(command.c_str());
  return result_of(status, folder);
}

ProgramResult require_done(const std::string& arguments) {
  const ProgramResult result = run_program(arguments);
  CAPTURE(arguments);
  CAPTURE(result.err);
  REQUIRE(result.code == 0);
  return result;
}

std::string program_path() { return PLASTIC_BINARY; }

std::string failing_calls() { return PLASTIC_FAILING_CALLS; }

RunningProgram::RunningProgram(const std::string& arguments, const std::string& launcher) {
  // The program takes the shell's place, so that signals reach it.
  const std::string command = "exec " + launcher + shell_command(arguments, output_);
  // By the file system's clock, which is coarser than others.
  const std::filesystem::path mark = output_.path() / "begun";
  write_file(mark, "");
  begun_ = std::filesystem::last_write_time(mark);
  process_ = fork();
  REQUIRE(process_ >= 0);
  if (process_ == 0) {
    execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
    _exit(127);
  }
}

RunningProgram::~RunningProgram() {
  if (process_ == 0) return;
  kill(process_, SIGKILL);
  waitpid(process_, nullptr, 0);
}

void RunningProgram::send(int signal) const { REQUIRE(kill(process_, signal) == 0); }

void RunningProgram::wait_for(const std::filesystem::path& file) const {
  const auto has_written = [&] {
    std::error_code missing;
    const auto time = std::filesystem::last_write_time(file, missing);
    return !missing && time > begun_;
  };
  while (!has_written()) {
    siginfo_t ended{};
    REQUIRE(waitid(P_PID, static_cast<id_t>(process_), &ended, WEXITED | WNOHANG | WNOWAIT) == 0);
    if (ended.si_pid != 0) {
      REQUIRE_MESSAGE(std::filesystem::exists(file), read_file(output_.path() / "err"));
      return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

ProgramResult RunningProgram::wait() {
  int status = 0;
  REQUIRE(waitpid(process_, &status, 0) == process_);
  process_ = 0;
  return result_of(status, output_);
}

std::string timeless_metrics(const std::filesystem::path& folder) {
  std::istringstream lines(read_file(folder / "metrics.jsonl"));
  std::string text;
  for (std::string line; std::getline(lines, line);) {
    auto json = nlohmann::ordered_json::parse(line);
    json.erase("seconds");
    json.erase("images_per_second");
    text += json.dump() + "\n";
  }
  return text;
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  REQUIRE_MESSAGE(file.is_open(), path.string());
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void write_file(const std::filesystem::path& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  REQUIRE_MESSAGE(file.good(), path.string());
}

std::string idx_images(std::uint32_t count) {
  std::string bytes =
      big_endian(0x803) + big_endian(count) + big_endian(image_side) + big_endian(image_side);
  for (std::uint32_t i = 0; i < count; ++i) {
    // Two bright rows whose height is the label.
    for (std::uint32_t row = 0; row < image_side; ++row) {
      bytes += std::string(image_side, row / 2 == i % 10 ? '\xFF' : '\x00');
    }
  }
  return bytes;
}

std::string idx_labels(std::uint32_t count) {
  std::string bytes = big_endian(0x801) + big_endian(count);
  for (std::uint32_t i = 0; i < count; ++i) bytes += static_cast<char>(i % 10);
  return bytes;
}

void write_tiny_mnist(const std::filesystem::path& folder) {
  write_file(folder / "train-images-idx3-ubyte", idx_images(200));
  write_file(folder / "train-labels-idx1-ubyte", idx_labels(200));
  write_file(folder / "t10k-images-idx3-ubyte", idx_images(50));
  write_file(folder / "t10k-labels-idx1-ubyte", idx_labels(50));
}

}  // namespace plastic::test
