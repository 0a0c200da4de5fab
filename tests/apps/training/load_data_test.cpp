// What the program says of the files of a data set.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "apps/runs/saved_model.h"
#include "tests/apps/program.h"
#include "tests/data/files.h"
#include "tests/data/image_files.h"
#include "tests/data/xz_records.h"
#include "tests/support/text.h"

using namespace plastic::test;
using plastic::test::Bytes;
using plastic::test::png_bytes;
using plastic::test::two_records_as_xz;

namespace {

void write_bytes(const std::filesystem::path& path, const Bytes& bytes) {
  plastic::test::write_file(path, bytes);
}

/// Two classes of two grey images each, for training and for tests.
class ImageFolders {
 public:
  ImageFolders() {
    for (const char* part : {"train", "test"}) {
      for (const char* name : {"a", "b"}) {
        for (const char* image : {"0.png", "1.png"}) {
          const auto value = static_cast<std::uint8_t>(name[0] == 'a' ? 20 : 200);
          write_bytes(path() / part / name / image, png_bytes(8, 8, 1, Bytes(64, value)));
        }
      }
    }
  }

  std::filesystem::path path() const { return folder_.path() / "images"; }
  std::string operator/(const std::string& name) const { return folder_ / name; }

  ProgramResult train(const std::string& arguments) const {
    return run_program("train --data folder --data-dir '" + path().string() +
                       "' --image-size 8 --hidden 4 --epochs 1 " + arguments);
  }

 private:
  TemporaryFolder folder_;
};

}  // namespace

TEST_CASE("apps.load_data.says_what_a_folder_passes_over") {
  const ImageFolders folders;
  const ProgramResult plain = folders.train("");
  CHECK(plain.code == 0);
  CHECK(plain.err.empty());
  for (const char* name : {"train/a/x.webp", "train/b/y.WEBP", "test/b/z.bmp", "test/a/README",
                           "test/notes.txt", "train/.DS_Store", "train/a/.hidden"}) {
    write_bytes(folders.path() / name, Bytes{'x'});
  }
  const ProgramResult result = folders.train("");
  CHECK(result.code == 0);
  CAPTURE(result.err);
  CHECK(contains(result.err, "images: passed over: 4 files of other kinds (2 .webp, "));
  CHECK(contains(result.err, "1 without an extension"));
  CHECK(contains(result.err, "), 1 file beside the classes' folders, 2 hidden names\n"));
  CHECK(std::count(result.err.begin(), result.err.end(), '\n') == 1);
}

TEST_CASE("apps.load_data.skips_bad_images") {
  const ImageFolders folders;
  write_bytes(folders.path() / "train/a/bad.png", Bytes{1, 2, 3});
  write_bytes(folders.path() / "test/b/empty.jpg", {});
  const ProgramResult refused = folders.train("");
  CHECK(refused.code == 1);
  CHECK(contains(refused.err, "--skip-bad-images leaves out what cannot be read"));
  const ProgramResult result = folders.train("--skip-bad-images --out '" + (folders / "run") + "'");
  CAPTURE(result.err);
  CHECK(result.code == 0);
  CHECK(contains(result.out, "4 of 4 training images, 4 test images"));
  CHECK(contains(result.err, "train/a/bad.png: is neither PNG nor JPEG"));
  CHECK(contains(result.err, "test/b/empty.jpg: the file is empty"));
  CHECK(contains(result.err, "images: 2 images that cannot be read are left out\n"));
  const std::string config = read_file(folders / "run/config.toml");
  CHECK(contains(config, "skip-bad-images = true\n"));
  CHECK(contains(config, "orientation = \"apply\"\n"));
  const ProgramResult resumed =
      run_program("train --resume '" + (folders / "run") + "' --epochs 2");
  CHECK(resumed.code == 0);
  CHECK(contains(resumed.err, "2 images that cannot be read are left out"));
}

TEST_CASE("apps.load_data.orientation") {
  const ImageFolders folders;
  using plastic::apps::load_saved_model;
  using plastic::data::Orientation;
  REQUIRE(folders.train("--orientation ignore --out '" + (folders / "ignore") + "'").code == 0);
  REQUIRE(folders.train("--out '" + (folders / "apply") + "'").code == 0);
  CHECK(contains(read_file(folders / "ignore/config.toml"), "orientation = \"ignore\"\n"));
  CHECK(load_saved_model(folders / "ignore").orientation == Orientation::ignore);
  CHECK(load_saved_model(folders / "apply").orientation == Orientation::apply);
  // Runs from before it could be chosen took images as they are stored.
  std::string config = read_file(folders / "apply/config.toml");
  const std::string line = "orientation = \"apply\"\n";
  config.erase(config.find(line), line.size());
  write_file(folders / "apply/config.toml", config);
  CHECK(load_saved_model(folders / "apply").orientation == Orientation::ignore);
  for (const char* option : {"--orientation apply", "--skip-bad-images"}) {
    const ProgramResult refused = run_program(std::string("train --data digits ") + option);
    CHECK(refused.code == 2);
    CHECK(contains(refused.err, "only for --data folder"));
  }
  CHECK(folders.train("--orientation up").code == 2);
}

// xz takes seconds for a set of the usual size; here two records a file.
TEST_CASE("apps.load_data.reading_xz") {
  const TemporaryFolder folder;
  for (const char* name : {"data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4",
                           "data_batch_5", "test_batch"}) {
    write_bytes(folder.path() / "cifar-10" / (std::string(name) + ".bin.xz"), two_records_as_xz);
  }
  const ProgramResult result = run_program("train --data cifar-10 --data-dir '" +
                                           folder.path().string() + "' --hidden 4 --epochs 1");
  CAPTURE(result.err);
  CHECK(result.code == 0);
  CHECK(contains(result.err, "reading cifar-10 from " + folder.path().string()));
  CHECK(contains(result.err, "compressed by xz, ...\n"));
}
