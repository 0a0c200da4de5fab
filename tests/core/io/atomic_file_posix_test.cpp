// Links, permissions, owners, pipes and sockets.
#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <string>

#include "core/io/append_file.h"
#include "core/io/atomic_file.h"
#include "core/io/exclusive_file.h"
#include "plastic/core/error.h"
#include "plastic/core/safetensors.h"
#include "tests/core/io/folder_contents.h"
#include "tests/data/files.h"

using namespace plastic;
using test::contains;
using test::error_of;
using test::files_in;
using test::text_in;
namespace fs = std::filesystem;

namespace {

mode_t mode_of(const fs::path& path) {
  struct stat status {};
  REQUIRE(lstat(path.c_str(), &status) == 0);
  return status.st_mode & 07777U;
}

// While it lives, new files have what it leaves.
class Umask {
 public:
  explicit Umask(mode_t mask) : before_(umask(mask)) {}
  ~Umask() { umask(before_); }
  Umask(const Umask&) = delete;
  Umask& operator=(const Umask&) = delete;

 private:
  mode_t before_;
};

void make_socket(const fs::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  REQUIRE(path.string().size() < sizeof(address.sun_path));
  std::strcpy(address.sun_path, path.c_str());
  const int descriptor = socket(AF_UNIX, SOCK_STREAM, 0);
  REQUIRE(bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
  close(descriptor);
}

}  // namespace

TEST_CASE("core.atomic_file.failure_leaves_the_old") {
  const test::TemporaryFolder folder;
  CHECK(contains(error_of([] { write_file_atomically("/dev/null/file", "text"); }),
                 {"[write] /dev/null/file: cannot write: Not a directory"}));
  // A folder in the way cannot be replaced by a file.
  fs::create_directory(folder / "taken");
  CHECK(contains(error_of([&] { write_file_atomically(folder / "taken", "text"); }),
                 {"taken: cannot write: it is a folder"}));
  CHECK(files_in(folder.path()) == 1);
}

TEST_CASE("core.atomic_file.follows_links") {
  const test::TemporaryFolder folder;
  fs::create_directories(folder / "big/deep");
  fs::create_directories(folder / "run");
  write_file_atomically(folder / "big/file", "old");
  fs::create_symlink(folder / "big/file", folder / "run/absolute");
  fs::create_symlink("../big/file", folder / "run/relative");
  fs::create_symlink("relative", folder / "run/chain");
  fs::create_symlink("run", folder / "folder");
  fs::create_symlink("../../run/chain", folder / "big/deep/longer");
  fs::create_symlink("../big/new", folder / "run/dangling");
  for (const char* name :
       {"run/absolute", "run/relative", "run/chain", "folder/relative", "big/deep/longer"}) {
    CAPTURE(name);
    write_file_atomically(folder / name, name);
    CHECK(fs::is_symlink(folder / name));
    CHECK_FALSE(fs::is_symlink(folder / "big/file"));
    CHECK(text_in(folder / "big/file") == name);
  }
  write_file_atomically(folder / "run/dangling", "made");
  CHECK(fs::is_symlink(folder / "run/dangling"));
  CHECK(text_in(folder / "big/new") == "made");
  CHECK(files_in(folder / "run") == 4);
  CHECK(files_in(folder / "big") == 3);
}

TEST_CASE("core.atomic_file.links_to_nowhere") {
  const test::TemporaryFolder folder;
  fs::create_symlink("b", folder / "a");
  fs::create_symlink("a", folder / "b");
  fs::create_symlink("missing/file", folder / "deep");
  fs::create_symlink(folder.path(), folder / "up");
  CHECK(contains(error_of([&] { write_file_atomically(folder / "a", "text"); }),
                 {"/a: ", "Too many levels of symbolic links"}));
  CHECK(contains(error_of([&] { write_file_atomically(folder / "deep", "text"); }),
                 {"/deep: cannot write: No such file or directory"}));
  CHECK(contains(error_of([&] { write_file_atomically(folder / "up", "text"); }),
                 {"/up: cannot write: it is a folder"}));
  CHECK(files_in(folder.path()) == 4);
}

TEST_CASE("core.atomic_file.replaces_links_where_told") {
  const test::TemporaryFolder folder;
  write_file_atomically(folder / "victim", "precious");
  for (const char* target : {"victim", "missing", "/dev/null", "."}) {
    CAPTURE(target);
    fs::remove(folder / "link");
    fs::create_symlink(target, folder / "link");
    write_file_atomically(folder / "link", "text", Links::replace);
    CHECK(fs::is_regular_file(fs::symlink_status(folder / "link")));
    CHECK(text_in(folder / "link") == "text");
  }
  CHECK(text_in(folder / "victim") == "precious");
  CHECK(files_in(folder.path()) == 2);
}

TEST_CASE("core.atomic_file.only_files") {
  const test::TemporaryFolder folder;
  REQUIRE(mkfifo((folder / "pipe").c_str(), 0600) == 0);
  make_socket(folder / "socket");
  fs::create_symlink("pipe", folder / "link");
  for (const Links links : {Links::follow, Links::replace}) {
    const auto refusal = [&](const fs::path& path) {
      return error_of([&] { write_file_atomically(path, "text", links); });
    };
    CHECK(contains(refusal(folder / "pipe"), {"/pipe: cannot write: it is a pipe, not a file"}));
    CHECK(contains(refusal(folder / "socket"), {"it is a socket"}));
    CHECK(contains(refusal("/dev/null"), {"/dev/null: cannot write: it is a device"}));
    CHECK(contains(refusal("/dev/full"), {"it is a device"}));
  }
  CHECK(contains(error_of([&] { write_file_atomically(folder / "link", "text"); }), {"a pipe"}));
  CHECK(contains(error_of([&] { save_safetensors(folder / "pipe", {}); }),
                 {"[safetensors] ", "a pipe"}));
  CHECK(fs::is_fifo(folder / "pipe"));
  CHECK(fs::is_socket(folder / "socket"));
  CHECK(files_in(folder.path()) == 3);
}

TEST_CASE("core.atomic_file.keeps_the_mode") {
  const test::TemporaryFolder folder;
  const fs::path path = folder / "file";
  write_file_atomically(path, "text");
  fs::create_symlink("file", folder / "link");
  for (const mode_t mode : {0600U, 0640U, 0664U, 0400U, 0666U}) {
    for (const mode_t mask : {022U, 0U, 077U}) {
      CAPTURE(mode);
      CAPTURE(mask);
      REQUIRE(chmod(path.c_str(), mode) == 0);
      const Umask guard(mask);
      write_file_atomically(path, "text");
      CHECK(mode_of(path) == mode);
      save_safetensors(folder / "link", {});
      CHECK(mode_of(path) == mode);
    }
  }
}

TEST_CASE("core.atomic_file.new_files_have_what_the_umask_leaves") {
  const test::TemporaryFolder folder;
  for (const mode_t mask : {022U, 0U, 077U, 027U}) {
    CAPTURE(mask);
    const Umask guard(mask);
    fs::remove(folder / "file");
    write_file_atomically(folder / "file", "text");
    CHECK(mode_of(folder / "file") == (0666U & ~mask));
  }
}

TEST_CASE("core.atomic_file.keeps_owner_and_group") {
  const test::TemporaryFolder folder;
  const fs::path path = folder / "file";
  write_file_atomically(path, "text");
  if (chown(path.c_str(), 12345, 23456) != 0) {
    MESSAGE("skipped: only root may give files away");
    return;
  }
  REQUIRE(chmod(path.c_str(), 0640) == 0);
  write_file_atomically(path, "more");
  struct stat status {};
  REQUIRE(stat(path.c_str(), &status) == 0);
  CHECK(status.st_uid == 12345);
  CHECK(status.st_gid == 23456);
  CHECK(mode_of(path) == 0640);
}

// The name under which a file is written is nobody's to foresee.
TEST_CASE("core.atomic_file.opens_nothing_that_waits") {
  const test::TemporaryFolder folder;
  write_file_atomically(folder / "victim", "precious");
  fs::create_symlink("victim", folder / "file.tmp");
  write_file_atomically(folder / "file", "text");
  CHECK(text_in(folder / "file") == "text");
  fs::remove(folder / "file.tmp");
  // It would be waited for.
  REQUIRE(mkfifo((folder / "file.tmp").c_str(), 0600) == 0);
  write_file_atomically(folder / "file", "again");
  CHECK(text_in(folder / "file") == "again");
  CHECK(text_in(folder / "victim") == "precious");
}

TEST_CASE("core.atomic_file.leftovers") {
  const test::TemporaryFolder folder;
  fs::create_directory(folder / "big");
  fs::create_symlink("big/file", folder / "link");
  const auto write = [&](const char* name) { std::ofstream(folder / name) << "text"; };
  for (const char* name :
       {"file", "file.0123456789abcdef.tmp", "file.tmp", "file.0123456789abcdeg.tmp",
        "file2.0123456789abcdef.tmp", "big/file.00112233445566ff.tmp"}) {
    write(name);
  }
  fs::create_symlink("file", folder / "file.aaaaaaaaaaaaaaaa.tmp");
  remove_leftovers(folder / "file");
  CHECK(files_in(folder.path()) == 7);
  CHECK_FALSE(fs::exists(folder / "file.0123456789abcdef.tmp"));
  remove_leftovers(folder / "link");
  CHECK(files_in(folder / "big") == 0);
  remove_leftovers(folder / "nowhere/file");
}

TEST_CASE("core.exclusive_file") {
  const test::TemporaryFolder folder;
  const Umask guard(0);
  fs::path path;
  {
    ExclusiveFile file(folder.path(), "file", 0600);
    REQUIRE(file.error() == 0);
    path = file.path();
    CHECK(is_exclusive_name(path.filename().string(), "file"));
    CHECK(mode_of(path) == 0600);
    const ExclusiveFile other(folder.path(), "file", 0600);
    CHECK(other.path() != path);
  }
  CHECK(files_in(folder.path()) == 0);
  const ExclusiveFile nowhere(folder / "missing", "file", 0600);
  CHECK(nowhere.error() == ENOENT);
}

TEST_CASE("core.io.append_file.refuses_links") {
  const test::TemporaryFolder folder;
  fs::create_symlink(folder / "elsewhere", folder / "link");
  CHECK(contains(error_of([&] { AppendFile("test", folder / "link", 0); }),
                 {"[test] " + (folder / "link") + ": cannot write: Too many levels"}));
  CHECK(!fs::exists(folder / "elsewhere"));
}
