#include <windows.h>

#include <chrono>
#include <cwctype>
#include <system_error>
#include <thread>
#include <utility>

#include "apps/runs/folder_lock.h"
#include "core/check.h"
#include "core/text.h"

namespace plastic::apps {
namespace {

// A folder cannot be locked itself; a mutex that is named after it ends with the process, too.
std::wstring name_of(const std::filesystem::path& folder) {
  std::error_code error;
  const std::filesystem::path whole = std::filesystem::canonical(folder, error);
  // FNV-1a (Fowler, Noll and Vo); names of folders do not tell capitals from small letters.
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const wchar_t c : (error ? folder : whole).native()) {
    hash = (hash ^ std::towlower(c)) * 0x100000001b3;
  }
  return L"Global\\plastic-folder-" + std::to_wstring(hash);
}

// Null where another process has it.
HANDLE taken(const std::wstring& name) {
  HANDLE mutex = CreateMutexW(nullptr, FALSE, name.c_str());
  if (mutex == nullptr || GetLastError() != ERROR_ALREADY_EXISTS) return mutex;
  CloseHandle(mutex);
  return nullptr;
}

}  // namespace

FolderLock::FolderLock(const char* op, const std::filesystem::path& folder) : handle_(-1) {
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error)) {
    fail(op, folder.string(),
         ": cannot open this folder: ", error ? system_text(error.value()) : "it is not a folder");
  }
  // Somebody may just be looking (is_locked()).
  constexpr int attempts = 50;
  const std::wstring name = name_of(folder);
  for (int attempt = 1; attempt <= attempts; ++attempt) {
    if (HANDLE mutex = taken(name)) {
      handle_ = reinterpret_cast<std::intptr_t>(mutex);
      return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  fail(op, folder.string(), ": another program is writing here; wait until it ends, or stop it");
}

FolderLock::~FolderLock() {
  if (handle_ >= 0) CloseHandle(reinterpret_cast<HANDLE>(handle_));
}

FolderLock::FolderLock(FolderLock&& other) noexcept : handle_(std::exchange(other.handle_, -1)) {}

bool is_locked(const std::filesystem::path& folder) {
  HANDLE mutex = taken(name_of(folder));
  if (mutex == nullptr) return true;
  CloseHandle(mutex);
  return false;
}

}  // namespace plastic::apps
