// Run folders that came from elsewhere, that two programs want, and that lie on other disks.
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "apps/runs/checkpoint.h"
#include "tests/apps/program.h"
#include "tests/support/text.h"

using namespace plastic::test;
namespace fs = std::filesystem;

namespace {

// 200 images, which are there in no time.
const std::string& settings() {
  static const TemporaryFolder data;
  static const std::string text = [] {
    write_tiny_mnist(data.path());
    return " --data mnist --data-dir '" + data.path().string() +
           "' --hidden 8 --batch-size 50 --threads 1 ";
  }();
  return text;
}

const char* const written_names[] = {"config.toml",      "metrics.jsonl", "checkpoint.safetensors",
                                     "best.safetensors", "compare.json",  "report.html",
                                     "diverged.json"};

std::string train(const fs::path& out, const std::string& more) {
  return "train --out '" + out.string() + "'" + settings() +
         "--validation 0.2 --keep-best --optimizer sgd " + more;
}

std::string resume(const fs::path& out, const std::string& more) {
  return "train --resume '" + out.string() + "' " + more;
}

std::string compare(const fs::path& out, const std::string& more) {
  return "compare --out '" + out.string() + "'" + settings() + "--optimizers sgd,adam --seeds 1 " +
         more;
}

std::string report(const fs::path& run) { return "report '" + run.string() + "'"; }

void move_and_link(const fs::path& file, const fs::path& to, const fs::path& link_text) {
  fs::rename(file, to);
  fs::create_symlink(link_text, file);
}

// A folder like a home: what is in it must stay as it was, whatever a run folder beside it holds.
class Home {
 public:
  Home() : path_(folder_.path() / "home") {
    fs::create_directories(path_ / "folder");
    write_file(path_ / "profile", "echo my own\n");
    write_file(path_ / "folder/config.toml", "[build]\n");
    write_file(path_ / "empty", "");
  }

  fs::path operator/(const std::string& name) const { return path_ / name; }
  const fs::path& beside() const { return folder_.path(); }

  void check_untouched() const {
    CHECK(read_file(path_ / "profile") == "echo my own\n");
    CHECK(read_file(path_ / "folder/config.toml") == "[build]\n");
    CHECK(read_file(path_ / "empty").empty());
    CHECK(std::distance(fs::recursive_directory_iterator(path_), {}) == 4);
  }

 private:
  TemporaryFolder folder_;
  fs::path path_;
};

void plant_socket(const fs::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  // The path may be too long for a socket's address; one relative to its folder is not.
  const fs::path before = fs::current_path();
  fs::current_path(path.parent_path());
  path.filename().string().copy(address.sun_path, sizeof(address.sun_path) - 1);
  const int descriptor = socket(AF_UNIX, SOCK_STREAM, 0);
  const int result = bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  close(descriptor);
  fs::current_path(before);
  REQUIRE(result == 0);
}

// Names that earlier versions or other programs would have opened.
std::vector<std::string> names_beside() {
  std::vector<std::string> names = {".plastic-trial", ".plastic-lock", "plastic.tmp"};
  for (const char* name : written_names) {
    const std::string text = name;
    for (const char* ending : {".tmp", ".lock", ".part", "~"}) names.push_back(text + ending);
    names.push_back("." + text);
  }
  return names;
}

// What a run in `run` can be told to do; what replaces it comes last.
std::vector<std::string> commands(const fs::path& run) {
  return {resume(run, "--epochs 2"), report(run), train(run, "--epochs 1 --overwrite")};
}

// With a deadline, so that waiting for a pipe is a failure and not for ever.
ProgramResult run_in_time(const std::string& arguments) {
  return run_program(arguments, "timeout 60 ");
}

}  // namespace

TEST_CASE("apps.run_folder.weights_behind_links") {
  const TemporaryFolder folder;
  const fs::path run = folder.path() / "run";
  const fs::path big = folder.path() / "big";
  require_done(train(run, "--epochs 1"));
  require_done(train(folder.path() / "whole", "--epochs 3"));
  fs::create_directory(big);
  move_and_link(run / "checkpoint.safetensors", big / "c.safetensors", big / "c.safetensors");
  move_and_link(run / "best.safetensors", big / "b.safetensors", "../big/b.safetensors");
  require_done(resume(run, "--epochs 2"));
  CHECK(fs::is_symlink(run / "checkpoint.safetensors"));
  CHECK(fs::is_symlink(run / "best.safetensors"));
  CHECK(plastic::apps::load_checkpoint(run)->epoch == 2);
  // A disk that was wiped: the links lead nowhere.
  fs::rename(big / "c.safetensors", folder.path() / "kept.safetensors");
  const ProgramResult lost = run_program(resume(run, "--epochs 3"));
  CHECK(lost.code == 1);
  CHECK(contains(lost.err, "checkpoint.safetensors: cannot open: No such file"));
  fs::rename(folder.path() / "kept.safetensors", big / "c.safetensors");
  require_done(resume(run, "--epochs 3"));
  for (const char* name : {"checkpoint.safetensors", "best.safetensors"}) {
    CHECK(fs::is_symlink(run / name));
    CHECK(read_file(run / name) == read_file(folder.path() / "whole" / name));
  }
  CHECK(std::distance(fs::directory_iterator(big), {}) == 2);

  // Beginning again keeps the links, and nothing of the old run behind them.
  require_done(train(run, "--epochs 1 --overwrite"));
  CHECK(fs::is_symlink(run / "checkpoint.safetensors"));
  CHECK(plastic::apps::load_checkpoint(run)->epoch == 1);
  CHECK(std::distance(fs::directory_iterator(big), {}) == 2);
}

TEST_CASE("apps.run_folder.texts_behind_links") {
  const TemporaryFolder folder;
  const fs::path run = folder.path() / "run";
  const fs::path big = folder.path() / "big";
  require_done(train(run, "--epochs 1"));
  require_done(report(run));
  fs::create_directory(big);
  for (const char* name : {"config.toml", "metrics.jsonl", "report.html"}) {
    move_and_link(run / name, big / name, fs::path("../big") / name);
  }
  require_done(resume(run, "--epochs 2"));
  const std::string old_report = read_file(big / "report.html");
  require_done(report(run));
  for (const char* name : {"config.toml", "metrics.jsonl", "report.html"}) {
    CHECK(fs::is_symlink(run / name));
  }
  CHECK(contains(read_file(big / "config.toml"), "epochs = 2"));
  CHECK(contains(read_file(big / "metrics.jsonl"), "\"epoch\":2"));
  CHECK(read_file(big / "report.html") != old_report);
}

TEST_CASE("apps.run_folder.links_to_the_users_files") {
  const TemporaryFolder original;
  const fs::path source = original.path() / "run";
  require_done(train(source, "--epochs 1"));
  for (const char* name : written_names) {
    for (const char* target : {"../home/profile", "../home/new"}) {
      CAPTURE(name);
      CAPTURE(target);
      const Home home;
      const fs::path run = home.beside() / "run";
      fs::copy(source, run, fs::copy_options::recursive);
      fs::remove(run / name);
      fs::create_symlink(target, run / name);
      for (const std::string& command : commands(run)) {
        CAPTURE(command);
        const ProgramResult result = run_program(command);
        CAPTURE(result.err);
        CHECK(result.code >= 0);
        CHECK(result.code <= 2);
        CHECK((result.code == 0 || contains(result.err, name)));
        home.check_untouched();
      }
      // The run was overwritten; what was in the way is gone.
      CHECK_FALSE(fs::is_symlink(run / name));
    }
  }
}

TEST_CASE("apps.run_folder.links_beside") {
  const Home home;
  const fs::path run = home.beside() / "run";
  require_done(train(run, "--epochs 1"));
  for (const std::string& name : names_beside()) fs::create_symlink("../home/profile", run / name);
  for (const std::string& command : commands(run)) {
    require_done(command);
    home.check_untouched();
  }
  require_done(compare(run, "--epochs 1 --overwrite"));
  home.check_untouched();
  for (const std::string& name : names_beside()) CHECK(fs::is_symlink(run / name));
}

TEST_CASE("apps.run_folder.pipes_and_folders_beside") {
  const TemporaryFolder folder;
  const fs::path run = folder.path() / "run";
  require_done(train(run, "--epochs 1"));
  bool folder_is_next = false;
  for (const std::string& name : names_beside()) {
    if (folder_is_next) {
      fs::create_directory(run / name);
    } else {
      REQUIRE(mkfifo((run / name).c_str(), 0600) == 0);
    }
    folder_is_next = !folder_is_next;
  }
  for (const std::string& command : commands(run)) require_done(command);
}

TEST_CASE("apps.run_folder.no_files_at_the_names") {
  const TemporaryFolder folder;
  const fs::path source = folder.path() / "source";
  const fs::path run = folder.path() / "run";
  require_done(train(source, "--epochs 1"));
  for (const char* name : written_names) {
    for (const char* kind : {"pipe", "socket", "folder", "device"}) {
      CAPTURE(name);
      CAPTURE(kind);
      fs::remove_all(run);
      fs::copy(source, run, fs::copy_options::recursive);
      fs::remove(run / name);
      fs::file_type type = fs::file_type::none;
      if (kind == std::string("pipe")) {
        REQUIRE(mkfifo((run / name).c_str(), 0600) == 0);
      } else if (kind == std::string("socket")) {
        plant_socket(run / name);
      } else if (kind == std::string("folder")) {
        fs::create_directory(run / name);
      } else {
        fs::create_symlink("/dev/null", run / name);
      }
      type = fs::symlink_status(run / name).type();
      for (const std::string& command : commands(run)) {
        CAPTURE(command);
        const ProgramResult result = run_in_time(command);
        CAPTURE(result.err);
        CHECK(result.code >= 0);
        CHECK(result.code <= 2);
        if (result.code != 0) CHECK(contains(result.err, name));
        // A link is removed where the run is overwritten.
        if (type != fs::file_type::symlink) CHECK(fs::symlink_status(run / name).type() == type);
      }
    }
  }
}

TEST_CASE("apps.run_folder.inner_folders_behind_links") {
  const Home home;
  const fs::path out = home.beside() / "compare";
  fs::create_directory(out);
  fs::create_directory(home.beside() / "room");
  fs::create_symlink("../home/folder", out / "sgd-seed-1");
  fs::create_symlink("../room", out / "adam-seed-1");
  const ProgramResult result = run_program(compare(out, "--epochs 1 --overwrite"));
  CHECK(result.code == 1);
  CHECK(contains(result.err, "sgd-seed-1: is a link to "));
  home.check_untouched();
  fs::remove(out / "sgd-seed-1");
  // An empty folder, and then one with a run, is where the user wants it.
  for (int i = 0; i < 2; ++i) {
    require_done(compare(out, "--epochs 1 --overwrite"));
    CHECK(fs::is_symlink(out / "adam-seed-1"));
    CHECK(fs::exists(home.beside() / "room/metrics.jsonl"));
  }
}

TEST_CASE("apps.run_folder.locked") {
  const TemporaryFolder folder;
  const fs::path run = folder.path() / "run";
  RunningProgram first(train(run, "--epochs 1000000"));
  first.wait_for(run / "checkpoint.safetensors");
  for (const std::string& command :
       {resume(run, ""), train(run, "--epochs 1 --overwrite"), train(run, "--epochs 1"),
        compare(run, "--epochs 1 --overwrite")}) {
    CAPTURE(command);
    const ProgramResult second = run_program(command);
    CHECK(second.code == 1);
    CHECK(contains(second.err, run.string() + ": process " + std::to_string(first.process()) +
                                   " is writing here"));
  }
  // Looking at it is allowed.
  require_done(report(run));
  // A lock that was left behind is none.
  first.send(SIGKILL);
  first.wait();
  const int done = plastic::apps::load_checkpoint(run)->epoch;
  require_done(resume(run, "--epochs " + std::to_string(done + 1)));
}

TEST_CASE("apps.run_folder.comparisons_are_locked") {
  const TemporaryFolder folder;
  const fs::path out = folder.path() / "out";
  RunningProgram first(compare(out, "--epochs 1000000"));
  const fs::path inner = out / "sgd-seed-1";
  first.wait_for(inner / "metrics.jsonl");
  for (const std::string& command : {compare(out, "--overwrite"), train(out, "--overwrite"),
                                     train(inner, "--overwrite"), resume(inner, "")}) {
    CAPTURE(command);
    const ProgramResult second = run_program(command);
    CHECK(second.code == 1);
    CHECK(contains(second.err, " is writing here"));
  }
}

TEST_CASE("apps.run_folder.file_systems_without_locks") {
  if (failing_calls().empty()) {
    MESSAGE("skipped: a sanitizer wants to be loaded first");
    return;
  }
  const TemporaryFolder folder;
  const fs::path run = folder.path() / "run";
  std::string without_locks = "FAIL_FLOCK=1 LD_PRELOAD='";
  without_locks.append(failing_calls()).append("' ");
  for (const std::string& command : {train(run, "--epochs 1"), resume(run, "--epochs 2")}) {
    const ProgramResult result = run_program(command, without_locks);
    CAPTURE(result.err);
    CHECK(result.code == 0);
    CHECK(contains(result.err, "this file system cannot lock folders (No locks available)"));
  }
}

TEST_CASE("apps.run_folder.both_killed") {
  for (int i = 0; i < 10; ++i) {
    CAPTURE(i);
    const TemporaryFolder folder;
    const fs::path run = folder.path() / "run";
    {
      RunningProgram first(train(run, "--epochs 1000000"));
      RunningProgram second(train(run, "--epochs 1000000 --overwrite"));
      // One of them ends at once, so neither is waited for.
      while (!fs::exists(run / "checkpoint.safetensors")) {
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(3 * i));
    }
    const int done = plastic::apps::load_checkpoint(run)->epoch;
    require_done(resume(run, "--epochs " + std::to_string(done + 1)));
    for (const auto& file : fs::directory_iterator(run)) {
      CHECK(file.path().extension() != ".tmp");
    }
  }
}

TEST_CASE("apps.run_folder.private_runs") {
  const auto mode_of = [](const fs::path& path) {
    struct stat status {};
    REQUIRE(stat(path.c_str(), &status) == 0);
    return status.st_mode & 0777U;
  };
  const TemporaryFolder folder;
  const fs::path run = folder.path() / "run";
  const std::string usual = "umask 022; ";
  REQUIRE(run_program(train(run, "--epochs 1"), "umask 077; ").code == 0);
  CHECK(mode_of(run) == 0700);
  fs::permissions(run, fs::perms(0755));
  // New files, and those that take the place of others.
  fs::remove(run / "best.safetensors");
  REQUIRE(run_program(resume(run, "--epochs 3"), usual).code == 0);
  REQUIRE(run_program(report(run), usual).code == 0);
  for (const auto& file : fs::directory_iterator(run)) {
    CAPTURE(file.path().string());
    CHECK(mode_of(file.path()) == 0600);
  }
  REQUIRE(run_program(train(run, "--epochs 1 --overwrite"), usual).code == 0);
  for (const auto& file : fs::directory_iterator(run)) {
    CAPTURE(file.path().string());
    CHECK(mode_of(file.path()) == 0600);
  }
  REQUIRE(run_program(train(folder.path() / "open", "--epochs 1"), usual).code == 0);
  CHECK(mode_of(folder.path() / "open/checkpoint.safetensors") == 0644);
}
