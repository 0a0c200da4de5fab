#pragma once

#include <cstddef>
#include <string>
#include <vector>

/// What the program asks the system of its arguments, its standard streams and its terminal:
/// system_terminal_posix.cpp and, for Windows, system_terminal_windows.cpp.
namespace plastic::apps {

constexpr int standard_input = 0;
constexpr int standard_output = 1;
constexpr int standard_error = 2;

bool is_terminal(int descriptor);

/// From here on no descriptor is a terminal, whatever it looks like.
void hide_terminals();

/// Whether standard output of the process that started this one is a terminal; false where that
/// cannot be told.
bool parent_shows_on_terminal();

struct TerminalSize {
  int columns = 80;
  int rows = 24;
};

/// Of the terminal on standard output; the usual one where that is none.
TerminalSize terminal_size();

/// Takes descriptors from 0 to 2 that are closed, so that using them fails as if they still were.
/// Afterwards a broken pipe is an error of the write, and text is UTF-8 with '\n' at lines' ends.
void prepare_standard_streams();

/// Writes some of the text, and waits where there is no room for any. How many bytes; negative
/// where it fails, with errno.
std::ptrdiff_t write_some(int descriptor, const char* text, std::size_t size);

/// Waits until there is room to write something; false where there is none and `is_in_vain()` says
/// that none will come. On Windows, which has no such question, true at once.
bool wait_for_room(int descriptor, bool (*is_in_vain)());

/// Ends the program as the system ends one that writes to a pipe without a reader. May return.
void end_by_broken_pipe();

/// Ends the program at once, without destroying anything.
[[noreturn]] void exit_at_once(int code);

/// The words of the command line as UTF-8, without the program's name.
std::vector<std::string> arguments_as_utf8(int argc, char** argv);

}  // namespace plastic::apps
