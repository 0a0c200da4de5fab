#pragma once

#include <array>
#include <streambuf>

namespace plastic::apps {

/// Writes to a descriptor and remembers what went wrong. Takes no memory.
class DescriptorBuffer : public std::streambuf {
 public:
  explicit DescriptorBuffer(int descriptor);

  /// The system's number of the first failure; 0 for none.
  int error() const { return error_; }

 protected:
  int_type overflow(int_type symbol) override;
  std::streamsize xsputn(const char* text, std::streamsize count) override;
  int sync() override;

 private:
  bool flush();

  std::array<char, 8192> text_;
  int descriptor_;
  bool is_terminal_;
  int error_ = 0;
};

/// While this lives, std::cout and std::cerr write straight to the program's descriptors, so that
/// what cannot be written, for a full disk or a descriptor that the caller closed, is noticed. A
/// descriptor from 0 to 2 that is closed is taken first, so that no file of a run gets its number
/// and the program's output.
class StandardStreams {
 public:
  StandardStreams();
  ~StandardStreams();
  StandardStreams(const StandardStreams&) = delete;
  StandardStreams& operator=(const StandardStreams&) = delete;

  /// Writes what is left and gives the program's exit code: `code`, or 1 in place of 0 where
  /// something could not be written, with a message.
  int finish(int code);

 private:
  DescriptorBuffer out_;
  DescriptorBuffer err_;
  std::streambuf* out_before_;
  std::streambuf* err_before_;
};

/// From here on, output for which there is no room is dropped as long as `is_in_vain()` says that
/// nobody reads it, where the program would wait for its reader otherwise.
void drop_output_where(bool (*is_in_vain)());

/// While this lives, the program works on when the reader of its output leaves, as `head` does
/// after its ten lines: for work that is saved. Otherwise that ends it quietly, by SIGPIPE.
class ReaderMayLeave {
 public:
  ReaderMayLeave();
  ~ReaderMayLeave();
  ReaderMayLeave(const ReaderMayLeave&) = delete;
  ReaderMayLeave& operator=(const ReaderMayLeave&) = delete;
};

}  // namespace plastic::apps
