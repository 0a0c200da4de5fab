// --augment, --image-size and what --paper means for cifar-10.
#include "apps/training/augmentation.h"

#include <doctest/doctest.h>

#include <fstream>
#include <string>

#include "apps/cli/values.h"
#include "tests/apps/program.h"
#include "tests/support/text.h"

using plastic::data::AugmentOptions;
using namespace plastic::apps;
using namespace plastic::test;
namespace fs = std::filesystem;

namespace {

std::string reason(const std::string& text) {
  try {
    parse_augment(text);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "accepted";
}

/// Twenty images a training batch file and test file, of changing bytes.
void write_tiny_cifar(const fs::path& folder) {
  fs::create_directories(folder);
  for (const char* name : {"data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4",
                           "data_batch_5", "test_batch"}) {
    std::string bytes;
    for (int i = 0; i < 20; ++i) {
      bytes += static_cast<char>(i % 10);
      for (int p = 0; p < 3072; ++p) bytes += static_cast<char>((i * 37 + p * (i % 10 + 1)) % 256);
    }
    std::ofstream(folder / (std::string(name) + ".bin"), std::ios::binary) << bytes;
  }
}

}  // namespace

TEST_CASE("apps.augmentation.text") {
  CHECK(parse_augment("none") == AugmentOptions{});
  CHECK(parse_augment("crop,flip") == AugmentOptions{.crop_padding = 4, .flip = 0.5});
  CHECK(parse_augment("cutout=8,jitter=0.3") ==
        AugmentOptions{.brightness = 0.3, .contrast = 0.3, .saturation = 0.3, .cutout = 8});
  CHECK(parse_augment("contrast=0.25") == AugmentOptions{.contrast = 0.25});
  for (const AugmentOptions& options :
       {AugmentOptions{.crop_padding = 3, .flip = 0.1, .cutout = 5},
        AugmentOptions{.brightness = 0.2, .contrast = 0.2, .saturation = 0.2},
        AugmentOptions{.brightness = 0.1, .saturation = 1.0 / 3.0}}) {
    CHECK(parse_augment(join(augment_parts(options), ",")) == options);
  }
  CHECK(augment_parts({}).empty());
  CHECK(contains(reason("mirror"), "expected one of crop, flip"));
  CHECK(contains(reason("flip=2"), "at most 1"));
  CHECK(contains(reason("crop=0"), "at least 1"));
  CHECK(contains(reason("crop,crop=3"), "crop is given twice"));
  CHECK(contains(reason("jitter=-1"), "above 0"));
  CHECK(contains(reason("flip,"), "separated by commas"));
}

TEST_CASE("apps.augmentation.paper-settings-of-cifar") {
  const TemporaryFolder folder;
  write_tiny_cifar(folder / "cifar-10");
  const auto run = [&](const std::string& options, const std::string& out) {
    return run_program("train --data cifar-10 --data-dir '" + folder.path().string() +
                       "' --optimizer sgd --hidden 4 --epochs 1 --threads 2 " + options +
                       " --out '" + (folder / out) + "'");
  };
  const ProgramResult paper = run("--paper", "paper");
  CAPTURE(paper.err);
  REQUIRE(paper.code == 0);
  CHECK(contains(paper.out, "augment    crop=4, flip=0.5"));
  const std::string config = read_file(folder / "paper/config.toml");
  CHECK(contains(config, "batch-size = 64\n"));
  CHECK(contains(config, "augment = [\"crop=4\", \"flip=0.5\"]\n"));
  // What is given goes before it.
  REQUIRE(run("--paper --augment cutout=4 --batch-size 50", "given").code == 0);
  CHECK(contains(read_file(folder / "given/config.toml"), "augment = [\"cutout=4\"]\n"));
  CHECK(contains(read_file(folder / "given/config.toml"), "batch-size = 50\n"));
  REQUIRE(run("--paper --augment none", "none").code == 0);
  CHECK_FALSE(contains(read_file(folder / "none/config.toml"), "augment"));
  REQUIRE(run("", "plain").code == 0);
  CHECK_FALSE(contains(read_file(folder / "plain/config.toml"), "augment"));
  CHECK(contains(read_file(folder / "plain/config.toml"), "batch-size = 128\n"));
}

TEST_CASE("apps.augmentation.repeats-and-resumes") {
  const TemporaryFolder folder;
  write_tiny_cifar(folder / "cifar-10");
  const std::string options = "train --data cifar-10 --data-dir '" + folder.path().string() +
                              "' --optimizer sgd --hidden 8 --batch-size 30 --threads 2 --augment "
                              "crop=2,flip,cutout=6,jitter --out '";
  REQUIRE(run_program(options + (folder / "whole") + "' --epochs 4").code == 0);
  REQUIRE(run_program(options + (folder / "parts") + "' --epochs 2").code == 0);
  REQUIRE(run_program("train --epochs 4 --resume '" + (folder / "parts") + "'").code == 0);
  CHECK(read_file(folder / "parts/checkpoint.safetensors") ==
        read_file(folder / "whole/checkpoint.safetensors"));
  REQUIRE(run_program("train --config '" + (folder / "whole/config.toml") + "' --out '" +
                      (folder / "again") + "'")
              .code == 0);
  CHECK(read_file(folder / "again/checkpoint.safetensors") ==
        read_file(folder / "whole/checkpoint.safetensors"));
}

TEST_CASE("apps.augmentation.image-size") {
  const ProgramResult refused = run_program("train --data digits --image-size 64");
  CHECK(refused.code == 2);
  CHECK(contains(refused.err, "--image-size: only for --data folder"));
  const ProgramResult nowhere = run_program("train --data folder");
  CHECK(nowhere.code == 1);
  CHECK(contains(nowhere.err, "--data-dir DIR"));
}
