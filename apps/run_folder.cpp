#include "apps/run_folder.h"

#include <system_error>

#include "core/atomic_file.h"
#include "core/check.h"
#include "core/text.h"

namespace plastic::apps {

void prepare_run_folder(const std::filesystem::path& folder, bool overwrite) {
  namespace fs = std::filesystem;
  std::error_code error;
  fs::create_directories(folder, error);
  if (error || !fs::is_directory(folder, error)) {
    fail("out", folder.string(), ": cannot create this folder: ",
         error ? system_text(error.value()) : "a file is in the way", "; choose another --out");
  }
  const bool empty = fs::is_empty(folder, error);
  if (error)
    fail("out", folder.string(), ": cannot read this folder: ", system_text(error.value()));
  if (!empty && !overwrite) {
    fail("out", folder.string(), ": the folder is not empty; choose another --out, or replace the ",
         "run in it with --overwrite");
  }
  const fs::path trial = folder / ".plastic-trial";
  write_file_atomically(trial, "");
  fs::remove(trial, error);
}

}  // namespace plastic::apps
