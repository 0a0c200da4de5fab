#include <fcntl.h>
#include <io.h>
#include <windows.h>
// After windows.h.
#include <shellapi.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "apps/terminal/system_terminal.h"

namespace plastic::apps {
namespace {

bool are_terminals_hidden = false;

std::string utf8(const wchar_t* text) {
  const int size = WideCharToMultiByte(CP_UTF8, 0, text, -1, nullptr, 0, nullptr, nullptr);
  if (size <= 1) return "";
  std::string out(static_cast<std::size_t>(size), '\0');
  WideCharToMultiByte(CP_UTF8, 0, text, -1, out.data(), size, nullptr, nullptr);
  out.pop_back();
  return out;
}

HANDLE handle_of(int descriptor) { return reinterpret_cast<HANDLE>(_get_osfhandle(descriptor)); }

/// Consoles before Windows 10 do not know the sequences by which lines are taken back.
bool understands_sequences(HANDLE console) {
  DWORD mode = 0;
  return GetConsoleMode(console, &mode) != 0 &&
         SetConsoleMode(console, mode | ENABLE_VIRTUAL_TERMINAL_PROCESSING) != 0;
}

}  // namespace

bool is_terminal(int descriptor) {
  // NUL is a device of characters, too, and no console.
  return !are_terminals_hidden && _isatty(descriptor) != 0 &&
         understands_sequences(handle_of(descriptor));
}

TerminalSize terminal_size() {
  CONSOLE_SCREEN_BUFFER_INFO info{};
  if (GetConsoleScreenBufferInfo(handle_of(standard_output), &info) == 0) return {};
  const int columns = info.srWindow.Right - info.srWindow.Left + 1;
  const int rows = info.srWindow.Bottom - info.srWindow.Top + 1;
  if (columns < 1 || rows < 1) return {};
  return {.columns = columns, .rows = rows};
}

void prepare_standard_streams() {
  SetConsoleOutputCP(CP_UTF8);
  for (const int descriptor : {standard_output, standard_error}) {
    if (_get_osfhandle(descriptor) >= 0) _setmode(descriptor, _O_BINARY);
  }
}

std::ptrdiff_t write_some(int descriptor, const char* text, std::size_t size) {
  // Consoles of old refuse more at once.
  constexpr std::size_t most = 16384;
  const int count = _write(descriptor, text, static_cast<unsigned>(std::min(size, most)));
  // What a pipe without a reader gives.
  if (count < 0 && errno == EINVAL) errno = EPIPE;
  return count;
}

void hide_terminals() { are_terminals_hidden = true; }

bool parent_shows_on_terminal() { return false; }

bool wait_for_room(int, bool (*)()) { return true; }

void end_by_broken_pipe() { exit_at_once(1); }

void exit_at_once(int code) { _exit(code); }

std::vector<std::string> arguments_as_utf8(int argc, char** argv) {
  // What argv holds has lost the characters that are not in the system's code page.
  int count = 0;
  wchar_t** const words = CommandLineToArgvW(GetCommandLineW(), &count);
  if (words == nullptr) return {argv + std::min(argc, 1), argv + argc};
  std::vector<std::string> out;
  for (int i = 1; i < count; ++i) out.push_back(utf8(words[i]));
  LocalFree(words);
  return out;
}

}  // namespace plastic::apps
