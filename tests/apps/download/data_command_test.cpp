// plastic data list, get and verify, with the real files where they are at hand.
#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "apps/download/sha256.h"
#include "apps/download/verify.h"
#include "tests/apps/download/file_server.h"
#include "tests/apps/program.h"
#include "tests/data/files.h"
#include "tests/support/paths.h"

using namespace plastic::test;
using plastic::test::contains;
namespace fs = std::filesystem;

namespace {

// The repository's neighbour; see ../shared/data/README.md there.
fs::path real_files(const std::string& name) {
  return plastic::test::test_folder().parent_path().parent_path() / "shared" / "data" / name;
}

}  // namespace

TEST_CASE("apps.data_command.usage") {
  const auto refused = [](const std::string& arguments, const char* reason) {
    const ProgramResult result = run_program(arguments);
    CAPTURE(arguments);
    CAPTURE(result.err);
    CHECK(result.code == 2);
    CHECK(result.out.empty());
    CHECK(contains(result.err, {reason, "--help'"}));
  };
  refused("data", "data");
  refused("data verfy mnist", "did you mean verify?");
  refused("data get", "NAME");
  refused("data get imagenet", "cifar-100");
  refused("data get digits", "generated");
  refused("data get folder", "is not downloaded");
  refused("data get mnist fashion-mnist", "unknown argument fashion-mnist");
  refused("data get mnist --form http://x", "did you mean --from?");
  refused("data get mnist --from ftp://x", "http://");
  refused("data get mnist --from file:///etc", "http://");
  refused("data get mnist --data-dir ''", "expected a folder");
  refused("data verify", "NAME");
  refused("data list mnist", "unknown argument mnist");
  CHECK(run_program("data --help").code == 0);
  CHECK(contains(run_program("data get --help").out, {"--from", "--data-dir", "Examples:"}));
}

TEST_CASE("apps.data_command.list") {
  const TemporaryFolder folder;
  write_tiny_mnist(folder.path());
  const ProgramResult result = run_program("data list --data-dir '" + folder.path().string() + "'");
  CHECK(result.code == 0);
  CHECK(contains(result.out, {"digits", "generated in memory", " in " + folder.path().string()}));
  const TemporaryFolder empty;
  CHECK(contains(
      run_program("data list --data-dir '" + empty.path().string() + "'").out,
      {"'plastic data get mnist --data-dir " + empty.path().string() + "' downloads 11.6 MB"}));
}

TEST_CASE("apps.data_command.verify_wrong_files") {
  const TemporaryFolder folder;
  const std::string command = "data verify mnist --data-dir '" + folder.path().string() + "'";
  const ProgramResult none = run_program(command);
  CHECK(none.code == 1);
  CHECK(contains(none.out, {"train-images-idx3-ubyte: MISSING"}));
  CHECK(contains(none.err, {"plastic: [data] mnist: 4 of 4 files", "plastic data get mnist"}));
  write_tiny_mnist(folder.path());
  const ProgramResult tiny = run_program(command);
  CHECK(tiny.code == 1);
  CHECK(contains(tiny.out, {"train-images-idx3-ubyte: WRONG: holds "}));
}

TEST_CASE("apps.data_command.get_failures") {
  const plastic::test::ScopedEnv no_proxy("no_proxy", "127.0.0.1");
  FileServer server;
  const TemporaryFolder folder;
  const std::string command = "data get mnist --data-dir '" + folder.path().string() + "' --from " +
                              server.url() + "/mnist/";
  const ProgramResult nothing = run_program(command);
  CHECK(nothing.code == 1);
  CHECK(contains(nothing.err, {"plastic: [data] ", "/mnist/train-images-idx3-ubyte.gz", "404"}));
  server.offer("/mnist/train-images-idx3-ubyte.gz", std::string(9912422, 'x'));
  const ProgramResult wrong = run_program(command);
  CHECK(wrong.code == 1);
  CHECK(
      contains(wrong.err, {"SHA-256", "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f2"}));
  CHECK(fs::is_empty(folder.path() / "mnist"));
}

TEST_CASE("apps.data_command.get_and_verify") {
  if (!fs::exists(real_files("mnist"))) {
    MESSAGE("skipped: no " << real_files("mnist").string());
    return;
  }
  const plastic::test::ScopedEnv no_proxy("no_proxy", "127.0.0.1");
  FileServer server;
  for (const auto& file : fs::directory_iterator(real_files("mnist"))) {
    server.offer((fs::path("/") / file.path().filename()).string(), read_file(file.path()));
  }
  const TemporaryFolder folder;
  const std::string place = "mnist --data-dir '" + folder.path().string() + "'";
  const ProgramResult got = run_program("data get " + place + " --from " + server.url());
  CAPTURE(got.err);
  CHECK(got.code == 0);
  CHECK(contains(got.out, {"train-images-idx3-ubyte.gz: 9.9 MB", "mnist is complete in"}));
  CHECK(run_program("data verify " + place).code == 0);
  server.take_requests();
  const ProgramResult again = run_program("data get " + place + " --from " + server.url());
  CHECK(again.code == 0);
  CHECK(contains(again.out, {"t10k-labels-idx1-ubyte.gz: already there"}));
  CHECK(server.take_requests().empty());
}

// What the table says of the published files.
TEST_CASE("apps.data_command.published_files") {
  using namespace plastic::apps;
  for (const char* name : {"mnist", "fashion-mnist"}) {
    if (!fs::exists(real_files(name))) {
      MESSAGE("skipped: no " << real_files(name).string());
      continue;
    }
    for (const RemoteFile& file : find_remote_set(name)->files) {
      const fs::path path = real_files(name) / file.name;
      CAPTURE(path.string());
      CHECK(fs::file_size(path) == file.bytes);
      CHECK(file_sha256(path) == file.sha256);
    }
    for (const FileReport& report : inspect(*find_remote_set(name), real_files(name))) {
      CAPTURE(report.remark);
      CHECK(report.state == FileState::right);
    }
  }
}
