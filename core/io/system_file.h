#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string_view>

/// All that the library asks the system of files beyond what std::filesystem does. It is defined in
/// system_file_posix.cpp and, for Windows, in system_file_windows.cpp; nothing else of the library
/// includes headers of the system for files. Nothing here throws: what fails returns false, a
/// negative number or FileKind::none, and errno says why.
namespace plastic {

/// What a name in a folder stands for.
enum class FileKind { none, file, folder, link, pipe, socket, device };

struct FileStatus {
  FileKind kind = FileKind::none;
  std::uint64_t size = 0;
  /// Permissions as POSIX numbers them, such as 0644; owner and group. Windows has none of them.
  unsigned mode = 0;
  std::uint32_t owner = 0;
  std::uint32_t group = 0;
};

/// Of what is at `path`, behind links.
FileStatus status_behind(const std::filesystem::path& path);
/// Of the name itself, which may be a link.
FileStatus status_of_name(const std::filesystem::path& path);

/// An open file, closed when this goes. Children of this process do not have it.
class SystemFile {
 public:
  enum class Open {
    /// For reading. Waits for nothing, such as a pipe's writer.
    read,
    /// For writing at the end; made where there is none. Follows no link.
    append,
    /// For writing; fails where there is something of that name, a link to nothing included.
    create,
  };

  SystemFile() = default;
  /// `mode`: the permissions of a new file, less what the umask takes.
  SystemFile(const std::filesystem::path& path, Open how, unsigned mode = 0666);
  ~SystemFile();
  SystemFile(SystemFile&& other) noexcept;
  SystemFile& operator=(SystemFile&& other) noexcept;

  bool is_open() const { return descriptor_ >= 0; }
  /// Leaves errno as it is.
  void close();

  FileStatus status() const;
  /// At least one of the bytes from `offset` on, of those that are there; 0 at the end.
  std::ptrdiff_t read(std::uint64_t offset, std::span<char> to) const;
  /// All of it.
  bool write(std::string_view bytes) const;
  /// Cuts it to its first `size` bytes.
  bool cut(std::uint64_t size) const;
  /// To the disk, where the file system can flush one file.
  bool flush() const;
  /// The same for what it holds; its times and permissions may be lost.
  bool flush_content() const;
  /// Gives it owner, group and permissions like those of `other`, as far as the system allows:
  /// never wider.
  void resemble(const FileStatus& other) const;

 private:
  int descriptor_ = -1;
};

/// In place of the file that is there, at once.
bool rename_file(const std::filesystem::path& from, const std::filesystem::path& to);
bool remove_file(const std::filesystem::path& path);
/// Flushes the names in a folder to the disk, where the system can.
void flush_folder(const std::filesystem::path& folder);

/// The path that a variable of the environment holds; nothing where it is unset or empty.
std::optional<std::filesystem::path> path_in_environment(const char* name);
/// The folder for what programs keep for this user and can make again, ~/.cache and the like;
/// nothing where the system names none.
std::optional<std::filesystem::path> user_cache_folder();

/// Whether the file's owner is the user that this process acts for; true on Windows.
bool is_own(const FileStatus& status);
/// Lets new files of this process have no permissions that `mode` lacks, besides those of the
/// user. Nothing to be done on Windows.
void restrict_new_files(unsigned mode);

/// Bits that nobody can foresee, or, where the system has none, that no other call had.
std::uint64_t drawn_bits();

}  // namespace plastic
