#include <fcntl.h>
#include <io.h>
#include <windows.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <random>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "core/io/system_file.h"

namespace plastic {
namespace {

/// errno from the system's own number of what went wrong in the last call.
bool failed() {
  const auto code = static_cast<int>(GetLastError());
  const std::error_condition condition = std::system_category().default_error_condition(code);
  errno = condition.category() == std::generic_category() ? condition.value() : EIO;
  return false;
}

HANDLE handle_of(int descriptor) { return reinterpret_cast<HANDLE>(_get_osfhandle(descriptor)); }

std::uint64_t joined(DWORD high, DWORD low) { return std::uint64_t{high} << 32U | low; }

FileKind kind_of(DWORD attributes) {
  if ((attributes & FILE_ATTRIBUTE_DIRECTORY) != 0) return FileKind::folder;
  if ((attributes & FILE_ATTRIBUTE_DEVICE) != 0) return FileKind::device;
  return FileKind::file;
}

FileStatus converted(const BY_HANDLE_FILE_INFORMATION& found) {
  return {.kind = kind_of(found.dwFileAttributes),
          .size = joined(found.nFileSizeHigh, found.nFileSizeLow)};
}

// Characters of a name, and of a path that is not marked as one of up to 32,767 characters.
constexpr std::size_t max_name = 255;
constexpr std::size_t max_unmarked = MAX_PATH - 1;

/// `path` in the form in which the system takes it, however long it is.
std::filesystem::path marked(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::path whole = std::filesystem::absolute(path, error);
  if (error || whole.native().size() <= max_unmarked) return path;
  // In this form nothing is resolved: neither "." and ".." nor "/".
  whole = whole.lexically_normal().make_preferred();
  const std::wstring& text = whole.native();
  if (text.starts_with(LR"(\\?\)") || text.starts_with(LR"(\\.\)")) return whole;
  if (text.starts_with(LR"(\\)")) return LR"(\\?\UNC\)" + text.substr(2);
  return LR"(\\?\)" + text;
}

/// Others may read, write, rename and remove the file meanwhile, as on other systems.
HANDLE open_handle(const std::filesystem::path& path, DWORD access, DWORD creation, DWORD flags) {
  constexpr DWORD shared = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
  return CreateFileW(marked(path).c_str(), access, shared, nullptr, creation, flags, nullptr);
}

FileStatus status_of_handle(HANDLE handle) {
  BY_HANDLE_FILE_INFORMATION found{};
  if (GetFileType(handle) == FILE_TYPE_PIPE) return {.kind = FileKind::pipe};
  if (GetFileType(handle) == FILE_TYPE_CHAR) return {.kind = FileKind::device};
  if (GetFileInformationByHandle(handle, &found) == 0) {
    failed();
    return {};
  }
  return converted(found);
}

/// Whether a handle, opened without following links, is that of a link.
bool is_link(HANDLE handle) {
  FILE_ATTRIBUTE_TAG_INFO tag{};
  return GetFileInformationByHandleEx(handle, FileAttributeTagInfo, &tag, sizeof(tag)) != 0 &&
         tag.ReparseTag == IO_REPARSE_TAG_SYMLINK;
}

FileStatus status_of(const std::filesystem::path& path, DWORD flags) {
  // Folders are opened with this flag alone.
  HANDLE handle = open_handle(path, 0, OPEN_EXISTING, flags | FILE_FLAG_BACKUP_SEMANTICS);
  if (handle == INVALID_HANDLE_VALUE) {
    failed();
    return {};
  }
  FileStatus status = status_of_handle(handle);
  if ((flags & FILE_FLAG_OPEN_REPARSE_POINT) != 0 && is_link(handle)) status.kind = FileKind::link;
  CloseHandle(handle);
  return status;
}

struct Flags {
  DWORD access;
  DWORD creation;
  DWORD attributes;
  int descriptor;
};

Flags flags_of(SystemFile::Open how) {
  // With it, a link is opened itself, and one to nothing is in the way of a new file.
  constexpr DWORD no_links = FILE_ATTRIBUTE_NORMAL | FILE_FLAG_OPEN_REPARSE_POINT;
  switch (how) {
    case SystemFile::Open::read:
      return {GENERIC_READ, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, _O_RDONLY};
    case SystemFile::Open::append:
      return {GENERIC_READ | GENERIC_WRITE, OPEN_ALWAYS, no_links, _O_APPEND};
    case SystemFile::Open::create:
      break;
  }
  return {GENERIC_READ | GENERIC_WRITE, CREATE_NEW, no_links, 0};
}

}  // namespace

FileStatus status_behind(const std::filesystem::path& path) { return status_of(path, 0); }

FileStatus status_of_name(const std::filesystem::path& path) {
  return status_of(path, FILE_FLAG_OPEN_REPARSE_POINT);
}

SystemFile::SystemFile(const std::filesystem::path& path, Open how, unsigned) {
  if (path.filename().native().size() > max_name) {
    errno = ENAMETOOLONG;
    return;
  }
  const Flags flags = flags_of(how);
  HANDLE handle = open_handle(path, flags.access, flags.creation, flags.attributes);
  if (handle == INVALID_HANDLE_VALUE) {
    failed();
    return;
  }
  if (how == Open::append && is_link(handle)) {
    CloseHandle(handle);
    errno = ELOOP;
    return;
  }
  descriptor_ = _open_osfhandle(reinterpret_cast<std::intptr_t>(handle),
                                flags.descriptor | _O_BINARY | _O_NOINHERIT);
  if (descriptor_ < 0) CloseHandle(handle);
}

SystemFile::~SystemFile() { close(); }

SystemFile::SystemFile(SystemFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

SystemFile& SystemFile::operator=(SystemFile&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

void SystemFile::close() {
  if (descriptor_ < 0) return;
  const int before = errno;
  _close(std::exchange(descriptor_, -1));
  errno = before;
}

FileStatus SystemFile::status() const { return status_of_handle(handle_of(descriptor_)); }

std::ptrdiff_t SystemFile::read(std::uint64_t offset, std::span<char> to) const {
  OVERLAPPED at{};
  at.Offset = static_cast<DWORD>(offset);
  at.OffsetHigh = static_cast<DWORD>(offset >> 32U);
  DWORD count = 0;
  const auto wanted = static_cast<DWORD>(std::min<std::size_t>(to.size(), std::size_t{1} << 30U));
  if (ReadFile(handle_of(descriptor_), to.data(), wanted, &count, &at) == 0) {
    if (GetLastError() == ERROR_HANDLE_EOF) return 0;
    failed();
    return -1;
  }
  return static_cast<std::ptrdiff_t>(count);
}

bool SystemFile::write(std::string_view bytes) const {
  while (!bytes.empty()) {
    const auto size = static_cast<unsigned>(std::min<std::size_t>(bytes.size(), 1U << 30U));
    const int written = _write(descriptor_, bytes.data(), size);
    if (written < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

bool SystemFile::cut(std::uint64_t size) const {
  return _chsize_s(descriptor_, static_cast<std::int64_t>(size)) == 0;
}

bool SystemFile::flush() const { return FlushFileBuffers(handle_of(descriptor_)) != 0 || failed(); }

bool SystemFile::flush_content() const { return flush(); }

void SystemFile::resemble(const FileStatus&) const {}

bool rename_file(const std::filesystem::path& from, const std::filesystem::path& to) {
  // A virus scanner or an index may have the old file open for a moment.
  constexpr int attempts = 20;
  constexpr DWORD flags = MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH;
  for (int attempt = 1;; ++attempt) {
    if (MoveFileExW(marked(from).c_str(), marked(to).c_str(), flags) != 0) return true;
    const DWORD error = GetLastError();
    if (attempt == attempts || (error != ERROR_SHARING_VIOLATION && error != ERROR_ACCESS_DENIED)) {
      SetLastError(error);
      return failed();
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

bool remove_file(const std::filesystem::path& path) {
  return DeleteFileW(marked(path).c_str()) != 0 || failed();
}

void flush_folder(const std::filesystem::path&) {
  // MOVEFILE_WRITE_THROUGH has done it.
}

std::optional<std::filesystem::path> path_in_environment(const char* name) {
  // As UTF-16: in the system's code page not all paths can be written.
  const std::wstring wide(name, name + std::string_view(name).size());
  const wchar_t* const value = _wgetenv(wide.c_str());
  if (value == nullptr || *value == L'\0') return {};
  return value;
}

std::optional<std::filesystem::path> user_cache_folder() {
  return path_in_environment("LOCALAPPDATA");
}

bool is_own(const FileStatus&) { return true; }

void restrict_new_files(unsigned) {}

std::uint64_t drawn_bits() {
  std::random_device device;
  const std::uint64_t high = device();
  return high << 32U | device();
}

}  // namespace plastic
