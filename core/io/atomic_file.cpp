#include "core/io/atomic_file.h"

#include <algorithm>
#include <cerrno>
#include <string>
#include <system_error>

#include "core/check.h"
#include "core/io/exclusive_file.h"
#include "core/io/system_file.h"
#include "core/text.h"

namespace plastic {
namespace {

namespace fs = std::filesystem;

// As many as Linux follows.
constexpr int max_links = 40;

fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

const char* name_of(FileKind kind) {
  if (kind == FileKind::folder) return "a folder";
  if (kind == FileKind::pipe) return "a pipe";
  if (kind == FileKind::socket) return "a socket";
  return "a device";
}

// The file that is to be replaced and what is known of it.
struct Target {
  fs::path path;
  FileStatus status = {};

  bool exists() const { return status.kind == FileKind::file; }
};

Target find_target(const char* op, const fs::path& path, Links links) {
  Target target{.path = path};
  if (links == Links::replace) {
    target.status = status_of_name(path);
    if (target.status.kind == FileKind::link) target.status = {};
  } else {
    target.status = status_behind(path);
  }
  if (target.status.kind != FileKind::none && !target.exists()) {
    fail(op, path.string(), ": cannot write: it is ", name_of(target.status.kind), ", not a file");
  }
  if (links == Links::replace) return target;
  target.path = behind_links(op, path);
  // As a link of /proc to a file that was removed.
  if (target.exists() && status_of_name(target.path).kind == FileKind::none) {
    fail(op, path.string(), ": cannot write: the file that it points to has no name");
  }
  return target;
}

}  // namespace

fs::path behind_links(const char* op, const fs::path& path) {
  fs::path at = path;
  for (int i = 0; i <= max_links; ++i) {
    std::error_code error;
    const fs::path next = fs::read_symlink(at, error);
    if (error) return at;
    at = next.is_absolute() ? next : folder_of(at) / next;
  }
  fail(op, path.string(), ": ", system_text(ELOOP));
}

void write_file_atomically(const char* op, const fs::path& path,
                           std::span<const std::string_view> parts, Links links) {
  const Target target = find_target(op, path, links);
  const fs::path folder = folder_of(target.path);
  // Until it is like the old file, nobody else may read the new one.
  const unsigned mode = target.exists() ? target.status.mode & 0600U : 0666U;
  ExclusiveFile file(folder, target.path.filename().string(), mode);
  const auto check = [&](bool went_well) {
    if (!went_well) fail(op, path.string(), ": cannot write: ", system_text(file.error()));
  };
  check(file.error() == 0);
  for (const std::string_view part : parts) check(file.write(part));
  if (target.exists()) file.resemble(target.status);
  check(file.flush());
  check(file.rename_to(target.path));
  // The new name is on the disk once its folder is.
  flush_folder(folder);
}

void write_file_atomically(const fs::path& path, std::string_view text, Links links) {
  write_file_atomically("write", path, std::span(&text, 1), links);
}

void remove_leftovers(const fs::path& path) {
  const fs::path target = behind_links("write", path);
  const std::string name = target.filename().string();
  std::error_code ignored;
  fs::directory_iterator entry(folder_of(target), ignored);
  for (const fs::directory_iterator end; !ignored && entry != end; entry.increment(ignored)) {
    if (!is_exclusive_name(entry->path().filename().string(), name)) continue;
    if (status_of_name(entry->path()).kind == FileKind::file) remove_file(entry->path());
  }
}

void check_writable_folder(const char* op, const fs::path& folder) {
  const ExclusiveFile trial(folder, "plastic", 0600);
  if (trial.error() != 0) {
    fail(op, folder.string(), ": cannot write: ", system_text(trial.error()));
  }
}

}  // namespace plastic
