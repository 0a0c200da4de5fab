// What can be wrong with the files of a data set and with the folder to write to.
#include <doctest/doctest.h>

#include <string>

#include "tests/apps/program.h"
#include "tests/support/text.h"

using namespace plastic::test;

namespace {

// A failure before training: code 1, one line naming the operation, no epoch.
void check_fails(const std::string& arguments, const std::string& reason) {
  CAPTURE(arguments);
  const ProgramResult result = run_program(arguments);
  CAPTURE(result.err);
  CHECK(result.code == 1);
  CHECK(result.err.starts_with("plastic: ["));
  CHECK(contains(result.err, reason));
  CHECK_FALSE(contains(result.out, "epoch 1"));
}

std::string train_on(const TemporaryFolder& folder) {
  return "train --data mnist --epochs 1 --hidden 8 --data-dir '" + folder.path().string() + "'";
}

}  // namespace

TEST_CASE("apps.data.missing") {
  const TemporaryFolder empty;
  check_fails(train_on(empty), empty.path().string());
  check_fails("train --data mnist --data-dir /nowhere/at/all", "/nowhere/at/all");
}

TEST_CASE("apps.data.truncated") {
  const TemporaryFolder folder;
  write_tiny_mnist(folder.path());
  const std::string whole = idx_images(200);
  write_file(folder / "train-images-idx3-ubyte", whole.substr(0, whole.size() - 1));
  check_fails(train_on(folder), "train-images-idx3-ubyte");
}

TEST_CASE("apps.data.oversized") {
  const TemporaryFolder folder;
  write_tiny_mnist(folder.path());
  write_file(folder / "t10k-labels-idx1-ubyte", idx_labels(50) + "x");
  check_fails(train_on(folder), "t10k-labels-idx1-ubyte");
}

TEST_CASE("apps.data.wrong_magic") {
  const TemporaryFolder folder;
  write_tiny_mnist(folder.path());
  write_file(folder / "train-images-idx3-ubyte", idx_labels(200));
  check_fails(train_on(folder), "0x803");
}

TEST_CASE("apps.data.counts_differ") {
  const TemporaryFolder folder;
  write_tiny_mnist(folder.path());
  write_file(folder / "train-labels-idx1-ubyte", idx_labels(199));
  check_fails(train_on(folder), "199");
}

TEST_CASE("apps.out.unwritable") {
  const TemporaryFolder data;
  write_tiny_mnist(data.path());
  const TemporaryFolder folder;
  write_file(folder / "file", "text");
  check_fails(train_on(data) + " --out /dev/null/run", "[out] /dev/null/run");
  check_fails(train_on(data) + " --out '" + (folder / "file/sub") + "'", "[out]");
  check_fails(train_on(data) + " --out '" + (folder / "file") + "'", "[out]");
  check_fails("compare --out /dev/null/run", "[out] /dev/null/run");
}

TEST_CASE("apps.out.not_empty") {
  const TemporaryFolder data;
  write_tiny_mnist(data.path());
  const TemporaryFolder out;
  write_file(out / "metrics.jsonl", "an earlier run\n");
  const std::string command = train_on(data) + " --out '" + out.path().string() + "'";
  check_fails(command, "--overwrite");
  CHECK(read_file(out / "metrics.jsonl") == "an earlier run\n");
  CHECK(run_program(command + " --overwrite").code == 0);
  CHECK(read_file(out / "metrics.jsonl").starts_with("{\"epoch\":1,"));
}
