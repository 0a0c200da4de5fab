#pragma once

#include <filesystem>
#include <span>
#include <string_view>

namespace plastic {

/// What is done with a symbolic link at the name of the file that is to be written.
enum class Links {
  /// The file that it points to, over further links too, is replaced, or made where there is none;
  /// the link stays. For names that the user gave.
  follow,
  /// The link is replaced, and what it points to left alone. For names in folders that may have
  /// come from elsewhere.
  replace,
};

/// Replaces the file at `path` by the parts, one after the other: written beside it, flushed to the
/// disk and renamed, so that a kill at any moment leaves the old file or the new one, and so do two
/// that write it at once. Beside it means in the folder of the file, under a name that is drawn and
/// made by this call alone: no link, pipe or file that waits there is opened.
///
/// The file's permissions, and its owner and group as far as the system allows, stay as they are; a
/// new file has what the umask leaves. Throws Error of `op` naming the path and the system's
/// reason, and for a path of something else than a file, such as a pipe or a device; what was there
/// is then as it was.
void write_file_atomically(const char* op, const std::filesystem::path& path,
                           std::span<const std::string_view> parts, Links links = Links::follow);

/// The same for one text.
void write_file_atomically(const std::filesystem::path& path, std::string_view text,
                           Links links = Links::follow);

/// Where `path` leads over the links at its end, which need not be there. Throws Error of `op` for
/// links that lead round in a circle.
std::filesystem::path behind_links(const char* op, const std::filesystem::path& path);

/// Removes what writers of `path` that were killed left beside it. Nobody may be writing it.
void remove_leftovers(const std::filesystem::path& path);

/// Throws Error of `op` naming the folder and the reason where no file can be made in it.
void check_writable_folder(const char* op, const std::filesystem::path& folder);

}  // namespace plastic
