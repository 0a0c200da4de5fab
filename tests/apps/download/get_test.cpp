// Downloads from a server of the test's own, good and bad.
#include "apps/download/get.h"

#include <doctest/doctest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "apps/download/sha256.h"
#include "apps/download/verify.h"
#include "tests/apps/download/archive_files.h"
#include "tests/apps/download/file_server.h"
#include "tests/apps/program.h"
#include "tests/apps/small_disk.h"
#include "tests/data/files.h"

using namespace plastic::apps;
using namespace plastic::test;
using plastic::test::contains;
using plastic::test::error_of;
namespace fs = std::filesystem;

namespace {

using Requests = std::vector<std::string>;

// Bytes that repeat nowhere near.
std::string noise(std::size_t count) {
  std::string bytes;
  std::uint32_t state = 1;
  for (std::size_t i = 0; i < count; ++i) {
    state = state * 1664525 + 1013904223;
    bytes += static_cast<char>(state >> 24);
  }
  return bytes;
}

std::string sha256_of(const std::string& bytes) {
  Sha256 sum;
  sum.add({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
  return sum.hex();
}

struct Notes : GetObserver {
  void on_present(const RemoteFile&) override { ++present; }
  void on_start(const RemoteFile&, std::uint64_t offset) override { starts.push_back(offset); }
  void on_bytes(const RemoteFile&, std::uint64_t bytes) override { last_bytes = bytes; }
  void on_fetched(const RemoteFile&) override { ++fetched; }
  int present = 0;
  int fetched = 0;
  std::vector<std::uint64_t> starts;
  std::uint64_t last_bytes = 0;
};

// A set of one file of 300000 bytes, its server, and a folder to get it into.
struct Scene {
  explicit Scene(fs::path into = {}) : target_folder(std::move(into)) {
    if (target_folder.empty()) target_folder = folder.path() / "set";
    set.name = "set";
    set.home = server.url() + "/home";
    set.files = {
        {"file.gz", content.size(), sha256_of(content), content.size(), sha256_of(content)}};
    server.offer("/home/file.gz", content);
  }

  void get() { get_set(set, target_folder, {.patience_seconds = 1}, notes); }
  std::string refusal() {
    return error_of([&] { get(); });
  }
  fs::path target() const { return target_folder / "file.gz"; }
  fs::path part() const { return target_folder / "file.gz.part"; }

  const plastic::test::ScopedEnv no_proxy{"no_proxy", "127.0.0.1"};
  TemporaryFolder folder;
  fs::path target_folder;
  std::string content = noise(300000);
  FileServer server;
  RemoteSet set;
  Notes notes;
};

}  // namespace

TEST_CASE("apps.download.get") {
  Scene scene;
  scene.get();
  CHECK(read_file(scene.target()) == scene.content);
  CHECK_FALSE(fs::exists(scene.part()));
  CHECK(scene.notes.fetched == 1);
  CHECK(scene.notes.starts == std::vector<std::uint64_t>{0});
  CHECK(scene.notes.last_bytes == scene.content.size());
  CHECK(scene.server.take_requests() == Requests{"/home/file.gz"});
  // What is there and right is not fetched again.
  scene.get();
  CHECK(scene.notes.present == 1);
  CHECK(scene.server.take_requests().empty());
  // What is wrong is.
  write_file(scene.target(), scene.content.substr(1) + "x");
  scene.get();
  CHECK(read_file(scene.target()) == scene.content);
}

TEST_CASE("apps.download.get.from_a_mirror") {
  Scene scene;
  scene.server.offer("/mirror/file.gz", scene.content);
  scene.server.redirect("/moved/file.gz", "/mirror/file.gz");
  get_set(scene.set, scene.target_folder, {.from = scene.server.url() + "/moved/"}, scene.notes);
  CHECK(read_file(scene.target()) == scene.content);
  CHECK(scene.server.take_requests() == Requests{"/moved/file.gz", "/mirror/file.gz"});
}

TEST_CASE("apps.download.get.wrong_checksum") {
  Scene scene;
  std::string other = scene.content;
  other[1000] ^= 1;
  scene.server.offer("/home/file.gz", other);
  const std::string message = scene.refusal();
  CHECK(contains(message, {"[data] http://127.0.0.1", "/home/file.gz", sha256_of(other),
                           "expected " + sha256_of(scene.content)}));
  CHECK_FALSE(fs::exists(scene.target()));
  CHECK_FALSE(fs::exists(scene.part()));
  // A file that is there stays, wrong as it is.
  write_file(scene.target(), "old");
  CHECK(contains(scene.refusal(), {"expected"}));
  CHECK(read_file(scene.target()) == "old");
}

TEST_CASE("apps.download.get.wrong_size") {
  Scene scene;
  scene.server.offer("/home/file.gz", scene.content + "x");
  CHECK(contains(scene.refusal(), {"more than the 300000 bytes"}));
  scene.server.offer("/home/file.gz", "<html>Please log in</html>");
  CHECK(contains(scene.refusal(), {"26 bytes, expected 300000"}));
  scene.server.offer("/home/file.gz", "");
  CHECK(contains(scene.refusal(), {"0 bytes, expected 300000"}));
  CHECK(fs::is_empty(scene.target_folder));
}

TEST_CASE("apps.download.get.cut_and_resumed") {
  Scene scene;
  scene.server.behave({.cut_after = 100000});
  CHECK(contains(scene.refusal(), {"The first 100000 of its 300000 bytes are kept"}));
  CHECK_FALSE(fs::exists(scene.target()));
  CHECK(contains(scene.refusal(), {"The first 200000 of its 300000 bytes are kept"}));
  CHECK(read_file(scene.part()) == scene.content.substr(0, 200000));
  scene.server.behave({});
  scene.get();
  CHECK(read_file(scene.target()) == scene.content);
  CHECK_FALSE(fs::exists(scene.part()));
  CHECK(scene.server.take_requests() ==
        Requests{"/home/file.gz", "/home/file.gz bytes=100000-", "/home/file.gz bytes=200000-"});
  CHECK(scene.notes.starts == std::vector<std::uint64_t>{0, 100000, 200000});
}

TEST_CASE("apps.download.get.cut_at_once") {
  Scene scene;
  scene.server.behave({.cut_after = 0});
  CHECK(contains(scene.refusal(), {"[data] http://127.0.0.1"}));
  CHECK(fs::is_empty(scene.target_folder));
}

TEST_CASE("apps.download.get.server_that_ignores_ranges") {
  Scene scene;
  fs::create_directory(scene.target_folder);
  write_file(scene.part(), scene.content.substr(0, 100000));
  scene.server.behave({.knows_ranges = false});
  scene.get();
  CHECK(read_file(scene.target()) == scene.content);
  CHECK(scene.server.take_requests() == Requests{"/home/file.gz bytes=100000-"});
  CHECK(scene.notes.starts == std::vector<std::uint64_t>{0});
}

TEST_CASE("apps.download.get.server_that_sends_another_range") {
  Scene scene;
  fs::create_directory(scene.target_folder);
  write_file(scene.part(), scene.content.substr(0, 100000));
  scene.server.behave({.sends_wrong_range = true});
  CHECK(contains(scene.refusal(), {"another part of the file"}));
  CHECK(read_file(scene.part()) == scene.content.substr(0, 100000));
}

// What was there before was of another file, or damaged.
TEST_CASE("apps.download.get.wrong_part") {
  for (const std::size_t bytes : {100000, 300000, 400000}) {
    CAPTURE(bytes);
    Scene scene;
    fs::create_directory(scene.target_folder);
    write_file(scene.part(), std::string(bytes, 'x'));
    scene.get();
    CHECK(read_file(scene.target()) == scene.content);
    CHECK(scene.server.take_requests().back() == "/home/file.gz");
  }
  // The server's file has become shorter than what is there.
  Scene scene;
  fs::create_directory(scene.target_folder);
  write_file(scene.part(), scene.content.substr(0, 200000));
  scene.server.offer("/home/file.gz", scene.content.substr(0, 1000));
  CHECK(contains(scene.refusal(), {"no more than the 200000 bytes", "416", "are kept"}));
  CHECK(scene.server.take_requests() == Requests{"/home/file.gz bytes=200000-"});
}

// Nothing that is not the file may cost what is there of it.
TEST_CASE("apps.download.get.other_answers_leave_the_part") {
  Scene scene;
  fs::create_directory(scene.target_folder);
  const std::string begun = scene.content.substr(0, 100000);
  write_file(scene.part(), begun);
  for (const char* status : {"204 No Content", "304 Not Modified", "416 Range Not Satisfiable",
                             "200 OK", "503 Service Unavailable", "201 Created"}) {
    CAPTURE(status);
    scene.server.behave({.status = status});
    CHECK(contains(scene.refusal(), {"[data] ", "The first 100000 of its 300000 bytes are kept"}));
    CHECK(read_file(scene.part()) == begun);
  }
  scene.server.behave({.knows_ranges = false});
  scene.server.offer("/home/file.gz", "<html>Please log in</html>");
  CHECK(contains(scene.refusal(), {"26 bytes from its start", "may be another file"}));
  CHECK(read_file(scene.part()) == begun);
  scene.server.offer("/home/file.gz", scene.content);
  scene.get();
  CHECK(read_file(scene.target()) == scene.content);
}

TEST_CASE("apps.download.get.parts_that_others_could_have_put_there") {
  Scene scene;
  fs::create_directory(scene.target_folder);
  const fs::path other = scene.folder.path() / "precious";
  write_file(other, "precious");
  const auto refused = [&](const char* why) {
    CAPTURE(why);
    CHECK(contains(scene.refusal(), {"file.gz.part", why}));
    CHECK(read_file(other) == "precious");
    fs::remove(scene.part());
  };
  fs::create_hard_link(other, scene.part());
  refused("hard link");
  fs::create_symlink(other, scene.part());
  refused("cannot write");
  REQUIRE(mkfifo(scene.part().c_str(), 0600) == 0);
  refused("not a regular file");
  if (geteuid() == 0) {
    write_file(scene.part(), "");
    REQUIRE(chown(scene.part().c_str(), 65534, 65534) == 0);
    refused("another user");
  }
  scene.get();
  CHECK(read_file(scene.target()) == scene.content);
}

TEST_CASE("apps.download.get.whole_part") {
  Scene scene;
  fs::create_directory(scene.target_folder);
  write_file(scene.part(), scene.content);
  scene.get();
  CHECK(read_file(scene.target()) == scene.content);
  CHECK(scene.server.take_requests().empty());
}

TEST_CASE("apps.download.get.no_such_file") {
  Scene scene;
  scene.set.home = scene.server.url() + "/nowhere";
  CHECK(contains(scene.refusal(), {"/nowhere/file.gz", "404", "--from"}));
  CHECK(fs::is_empty(scene.target_folder));
}

TEST_CASE("apps.download.get.no_server") {
  Scene scene;
  // Port 1 is reserved and nobody listens.
  scene.set.home = "http://127.0.0.1:1";
  CHECK(contains(scene.refusal(), {"[data] http://127.0.0.1:1/file.gz: "}));
  CHECK(fs::is_empty(scene.target_folder));
}

TEST_CASE("apps.download.get.server_that_stalls") {
  Scene scene;
  scene.server.behave({.cut_after = 1000, .stalls = true});
  CHECK(contains(scene.refusal(),
                 {"nothing arrived for 1 s", "The first 1000 of its 300000 bytes are kept"}));
}

TEST_CASE("apps.download.get.server_that_drips") {
  Scene scene;
  scene.server.behave({.drips = true});
  CHECK(contains(scene.refusal(), {"bytes arrived in 1 s"}));
}

TEST_CASE("apps.download.get.only_http") {
  Scene scene;
  write_file(scene.folder.path() / "file.gz", scene.content);
  for (const std::string& from : {"file://" + scene.folder.path().string(),
                                  std::string("ftp://127.0.0.1"), std::string("127.0.0.1")}) {
    scene.set.home = from;
    CHECK(contains(scene.refusal(), {"only http:// and https://"}));
  }
  CHECK(fs::is_empty(scene.target_folder));
}

TEST_CASE("apps.download.get.loop_of_redirections") {
  Scene scene;
  scene.server.redirect("/home/file.gz", "/home/file.gz");
  CHECK(contains(scene.refusal(), {"[data] http://127.0.0.1"}));
  scene.server.redirect("/home/file.gz", "file:///etc/passwd");
  CHECK(contains(scene.refusal(), {"[data] http://127.0.0.1", "only http and https are followed"}));
  CHECK(fs::is_empty(scene.target_folder));
}

TEST_CASE("apps.download.get.full_disk") {
  const SmallDisk disk("200k");
  if (!disk.is_mounted()) return;
  Scene scene(disk.path() / "set");
  CHECK(contains(scene.refusal(), {"file.gz.part: cannot write: No space left on device"}));
  CHECK_FALSE(fs::exists(scene.target()));
  const std::uintmax_t kept = fs::file_size(scene.part());
  CHECK(kept > 0);
  disk.remount(0, "size=1m");
  scene.get();
  CHECK(read_file(scene.target()) == scene.content);
  CHECK(scene.server.take_requests().back() == "/home/file.gz bytes=" + std::to_string(kept) + "-");
}

TEST_CASE("apps.download.get.read_only_disk") {
  const SmallDisk disk("1m");
  if (!disk.is_mounted()) return;
  Scene scene(disk.path() / "set");
  disk.remount(MS_RDONLY, "size=1m");
  CHECK(contains(scene.refusal(), {"[data] ", "Read-only file system", "--data-dir"}));
  disk.remount(0, "size=1m");
  fs::create_directory(scene.target_folder);
  disk.remount(MS_RDONLY, "size=1m");
  CHECK(contains(scene.refusal(), {"file.gz.part: cannot write: Read-only file system"}));
  CHECK(scene.server.take_requests().empty());
}

TEST_CASE("apps.download.get.folder_in_the_way") {
  Scene scene;
  write_file(scene.target_folder, "a file");
  CHECK(contains(scene.refusal(), {"cannot create this folder"}));
}

TEST_CASE("apps.download.get.wrong_file_in_the_way") {
  Scene scene;
  fs::create_directory(scene.target_folder);
  write_file(scene.target_folder / "file", "read in place of file.gz");
  CHECK(contains(scene.refusal(), {"set/file: ", "remove it"}));
  CHECK(scene.server.take_requests().empty());
}

TEST_CASE("apps.download.get.archive") {
  Scene scene;
  const std::string archive =
      tar_gz({{"unpacked/a.bin", "abc"}, {"unpacked/b.bin", noise(5000)}, {"unpacked/c", "c"}});
  scene.server.offer("/home/set.tar.gz", archive);
  scene.set.files = {{.name = "set.tar.gz",
                      .bytes = archive.size(),
                      .sha256 = sha256_of(archive),
                      .members = {{"unpacked/a.bin", 3}, {"unpacked/b.bin", 5000}}}};
  const auto names = [&] {
    std::vector<std::string> found;
    for (const auto& file : fs::directory_iterator(scene.target_folder)) {
      found.push_back(file.path().filename().string());
    }
    std::sort(found.begin(), found.end());
    return found;
  };
  scene.get();
  CHECK(names() == std::vector<std::string>{"a.bin", "b.bin", "set.sha256"});
  CHECK(read_file(scene.target_folder / "b.bin") == noise(5000));
  scene.server.take_requests();
  scene.get();
  CHECK(scene.server.take_requests().empty());
  CHECK(scene.notes.present == 1);

  // Damage is noticed, and mended.
  write_file(scene.target_folder / "a.bin", "abd");
  const std::vector<FileReport> reports = inspect(scene.set, scene.target_folder);
  REQUIRE(reports.size() == 2);
  CHECK(reports[0].state == FileState::wrong);
  CHECK(reports[1].state == FileState::right);
  scene.get();
  CHECK(read_file(scene.target_folder / "a.bin") == "abc");

  // An archive that was fetched, but not unpacked, is not fetched again.
  fs::remove(scene.target_folder / "a.bin");
  write_file(scene.target_folder / "set.tar.gz", archive);
  scene.server.take_requests();
  scene.get();
  CHECK(scene.server.take_requests().empty());
  CHECK(names() == std::vector<std::string>{"a.bin", "b.bin", "set.sha256"});

  fs::remove(scene.target_folder / "set.sha256");
  CHECK(inspect(scene.set, scene.target_folder)[0].state == FileState::unknown);
}
