#pragma once

#include <filesystem>
#include <string_view>

#include "apps/runs/run_file_names.h"

/// Writing the files of a run folder. A folder may have come from elsewhere, with links in it that
/// lead to files of its user, such as a start-up file of the shell. Links that the user put there
/// lead to what Plastic wrote, a checkpoint on a larger disk. So a file is written through a link
/// only where the link leads to a file of this user that is Plastic's by its content, or, of
/// weights, which run nothing, to a name that ends in .safetensors and is free.
namespace plastic::apps {

/// Throws Error of `op` where `path`, a file of a run, is a link through which it is not written,
/// or something else than a file.
void check_run_file(const char* op, const std::filesystem::path& path);

/// The same for a folder that may be overwritten: such a link is removed, and what it leads to left
/// alone.
void clear_run_file(const std::filesystem::path& path);

/// write_file_atomically(), where check_run_file() allows it.
void write_run_file(const std::filesystem::path& path, std::string_view text);

/// Removes the file of an old run. A link through which weights are written stays, and its file
/// goes; of any other link it is the link. Throws Error for what is no file.
void remove_run_file(const std::filesystem::path& path);

/// Whether Plastic wrote the file at `path`, one of a run folder, as its name and content say.
bool is_run_file(const std::filesystem::path& path);

}  // namespace plastic::apps
