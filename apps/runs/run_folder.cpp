#include "apps/runs/run_folder.h"

#include <string_view>
#include <system_error>
#include <vector>

#include "apps/runs/run_files.h"
#include "core/check.h"
#include "core/io/atomic_file.h"
#include "core/io/system_file.h"
#include "core/text.h"

namespace plastic::apps {
namespace {

namespace fs = std::filesystem;

fs::path parent_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

// Creates it with those above it that are missing, whose names are on the disk when this returns.
void create_folder(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> missing;
  for (fs::path path = folder; !fs::exists(path, error); path = parent_of(path)) {
    missing.push_back(path);
    if (path == parent_of(path)) break;
  }
  fs::create_directories(folder, error);
  if (error || !fs::is_directory(folder, error)) {
    fail("out", folder.string(), ": cannot create this folder: ",
         error ? system_text(error.value()) : "a file is in the way", "; choose another --out");
  }
  for (const fs::path& path : missing) flush_folder(parent_of(path));
}

bool is_link(const fs::path& path) {
  std::error_code ignored;
  return fs::is_symlink(path, ignored);
}

}  // namespace

FolderLock prepare_run_folder(const fs::path& folder, bool overwrite) {
  create_folder(folder);
  FolderLock lock("out", folder);
  std::error_code error;
  const bool empty = fs::is_empty(folder, error);
  if (error) {
    fail("out", folder.string(), ": cannot read this folder: ", system_text(error.value()));
  }
  if (!empty && !overwrite) {
    fail("out", folder.string(), ": the folder is not empty; choose another --out, or replace the ",
         "run in it with --overwrite");
  }
  check_writable_folder("out", folder);
  for (const char* name : run_file_names) clear_run_file(folder / name);
  tidy_run_folder(folder);
  keep_private(folder);
  return lock;
}

FolderLock prepare_inner_run_folder(const fs::path& folder, bool overwrite) {
  std::error_code error;
  if (is_link(folder) && !fs::is_empty(folder, error) && !is_run_file(folder / config_file)) {
    fail("out", folder.string(), ": is a link to ", behind_links("out", folder).string(),
         ", which holds no run; nothing is written through it: remove the link");
  }
  return prepare_run_folder(folder, overwrite);
}

void tidy_run_folder(const fs::path& folder) {
  for (const std::string_view name : run_file_names) {
    // A report may be written while a run is.
    if (name != report_file) remove_leftovers(folder / name);
  }
}

void keep_private(const fs::path& folder) {
  for (const char* name : run_file_names) {
    const FileStatus status = status_behind(folder / name);
    if (status.kind == FileKind::file) restrict_new_files(status.mode | 0111U);
  }
}

}  // namespace plastic::apps
