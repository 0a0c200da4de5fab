#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace plastic::tests {

struct ProgramResult {
  int code = -1;
  std::string out;
  std::string err;
};

/// Runs the real `plastic` program through the shell and waits for it.
ProgramResult run_program(const std::string& arguments);

/// A folder of its own, removed with all that is in it.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

std::string read_file(const std::filesystem::path& path);
void write_file(const std::filesystem::path& path, const std::string& text);

/// The content of an IDX file of `count` 28x28 images in which the label is easy to see, and that
/// of the labels 0 to 9 in turn.
std::string idx_images(std::uint32_t count);
std::string idx_labels(std::uint32_t count);

/// Writes the four files of a tiny mnist to `folder`: 200 training and 50 test images.
void write_tiny_mnist(const std::filesystem::path& folder);

}  // namespace plastic::tests
