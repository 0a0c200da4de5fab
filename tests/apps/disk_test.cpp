// Disks that are full or cannot be written to.
#include <doctest/doctest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "apps/runs/checkpoint.h"
#include "tests/apps/program.h"
#include "tests/apps/small_disk.h"
#include "tests/support/text.h"

using namespace plastic::test;
namespace fs = std::filesystem;

namespace {

// A checkpoint of this run has 100 KB.
std::string new_run(const std::string& out, const std::string& epochs) {
  return "train --optimizer sgd --fraction 0.02 --hidden 16 --batch-size 50 --threads 2 --out '" +
         out + "' --epochs " + epochs;
}

std::string resumed(const std::string& out) { return "train --resume '" + out + "'"; }

}  // namespace

TEST_CASE("apps.disk.full") {
  const SmallDisk disk("180k");
  if (!disk.is_mounted()) return;
  const TemporaryFolder other;
  REQUIRE(run_program(new_run(other / "whole", "3")).code == 0);
  const std::string out = (disk.path() / "run").string();
  const ProgramResult result = run_program(new_run(out, "3"));
  CAPTURE(result.err);
  CHECK(result.code == 1);
  CHECK(contains(result.err, "[safetensors] " + out + "/checkpoint.safetensors"));
  CHECK(contains(result.err, "No space left on device"));
  CHECK(plastic::apps::load_checkpoint(out)->epoch == 0);
  for (const auto& file : fs::directory_iterator(out)) CHECK(file.path().extension() != ".tmp");

  disk.remount(0, "size=1m");
  CHECK(run_program(resumed(out)).code == 0);
  CHECK(timeless_metrics(out) == timeless_metrics(other / "whole"));
}

TEST_CASE("apps.disk.read_only") {
  const SmallDisk disk("1m");
  if (!disk.is_mounted()) return;
  const std::string out = (disk.path() / "run").string();
  REQUIRE(run_program(new_run(out, "1")).code == 0);
  disk.remount(MS_RDONLY, "size=1m");
  for (const std::string& arguments : {resumed(out) + " --epochs 2", new_run(out + "-new", "1"),
                                       new_run(out, "1") + " --overwrite"}) {
    CAPTURE(arguments);
    const ProgramResult result = run_program(arguments);
    CHECK(result.code == 1);
    CHECK(contains(result.err, "Read-only file system"));
  }
  CHECK(plastic::apps::load_checkpoint(out)->epoch == 1);
}

// What needs no root: files may not grow beyond 50 KB.
TEST_CASE("apps.disk.file_too_large") {
  const TemporaryFolder folder;
  const std::string out = folder / "run";
  const std::string limited = "trap '' XFSZ; ulimit -f 100; ";
  const ProgramResult first = run_program(new_run(out, "1"), limited);
  CHECK(first.code == 1);
  CHECK(contains(first.err, "File too large"));
  CHECK_FALSE(fs::exists(fs::path(out) / "checkpoint.safetensors"));

  CHECK(run_program(resumed(out)).code == 0);
  const std::string checkpoint = read_file(fs::path(out) / "checkpoint.safetensors");
  const ProgramResult second = run_program(resumed(out) + " --epochs 2", limited);
  CHECK(second.code == 1);
  CHECK(contains(second.err, "[safetensors] " + out + "/checkpoint.safetensors"));
  CHECK(read_file(fs::path(out) / "checkpoint.safetensors") == checkpoint);
}

TEST_CASE("apps.disk.folder_without_permission") {
  if (geteuid() == 0) {
    MESSAGE("skipped: root may write everywhere");
    return;
  }
  const TemporaryFolder folder;
  const std::string out = folder / "run";
  REQUIRE(run_program(new_run(out, "1")).code == 0);
  REQUIRE(chmod(out.c_str(), 0555) == 0);
  const ProgramResult result = run_program(resumed(out) + " --epochs 2");
  chmod(out.c_str(), 0755);
  CHECK(result.code == 1);
  CHECK(contains(result.err, "Permission denied"));
  CHECK(plastic::apps::load_checkpoint(out)->epoch == 1);
}
