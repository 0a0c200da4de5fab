#include "plastic/data/image_folder.h"

#include <doctest/doctest.h>

#include "plastic/core/device.h"
#include "plastic/data/catalog.h"
#include "tests/data/files.h"
#include "tests/data/image_files.h"
#include "tests/data/jpeg_files.h"

using plastic::Shape;
using namespace plastic::data;
using namespace plastic::test;
namespace fs = std::filesystem;

namespace {

/// A grey image of one value.
void write_image(const fs::path& path, std::uint8_t value, std::uint32_t side = 4) {
  write_file(path, png_bytes(side, side, 1, Bytes(std::size_t{side} * side, value)));
}

void write_two_classes(const fs::path& folder) {
  write_image(folder / "dog/a.png", 10);
  write_image(folder / "cat/b.PNG", 20, 7);
  write_image(folder / "cat/a.png", 30);
}

std::string error_of_reading(const fs::path& root) {
  return error_of([&] { read_image_folder(root); });
}

}  // namespace

TEST_CASE("data.image-folder.reads") {
  const TemporaryFolder folder;
  write_two_classes(folder.path());
  write_image(folder / "cat/kitten/1.png", 40, 1);
  write_image(folder / "cat/.hidden.png", 50);
  write_image(folder / ".hidden/a.png", 50);
  write_file(folder / "cat/notes.txt", Bytes{'x'});
  write_file(folder / "README", Bytes{'x'});
  const ImageDataset set = read_image_folder(folder.path(), {.height = 2, .width = 3});
  CHECK(set.class_names == std::vector<std::string>{"cat", "dog"});
  CHECK(set.images.shape() == Shape{4, 3, 2, 3});
  CHECK(set.labels.to_vector<std::int64_t>() == std::vector<std::int64_t>{0, 0, 0, 1});
  const Bytes pixels = set.images.to_vector<std::uint8_t>();
  const Bytes values = {30, 20, 40, 10};
  for (std::size_t i = 0; i < pixels.size(); ++i) CHECK(pixels[i] == values[i / 18]);
  CHECK(set.mean == std::vector{0.485F, 0.456F, 0.406F});
  CHECK(set.deviation == std::vector{0.229F, 0.224F, 0.225F});
  const ImageDataset grey = read_image_folder(folder.path(), {.channels = 1});
  CHECK(grey.images.shape() == Shape{4, 1, 32, 32});
  CHECK(grey.mean.size() == 1);
}

TEST_CASE("data.image-folder.says-what-it-passes-over") {
  const TemporaryFolder folder;
  write_two_classes(folder.path());
  for (const char* name : {"cat/a.webp", "cat/b.WEBP", "dog/more/c.bmp", "dog/README", "notes.txt",
                           "x.png", "cat/.hidden.png", ".DS_Store"}) {
    write_file(folder / name, Bytes{'x'});
  }
  ImageFolderReport report;
  CHECK(read_image_folder(folder.path(), {}, &report).size() == 3);
  CHECK(report.other_files ==
        std::map<std::string, std::int64_t>{{"", 1}, {".bmp", 1}, {".webp", 2}});
  CHECK(report.loose_files == 2);
  CHECK(report.hidden == 2);
  CHECK(report.bad_images.empty());
  // A report adds up over the parts of a set.
  const TemporaryFolder both;
  write_two_classes(both / "train");
  write_two_classes(both / "test");
  write_file(both / "train/cat/a.gif", Bytes{'x'});
  write_file(both / "test/cat/a.gif", Bytes{'x'});
  ImageFolderReport sum;
  load("folder", both.path(), {}, &sum);
  CHECK(sum.other_files == std::map<std::string, std::int64_t>{{".gif", 2}});
}

TEST_CASE("data.image-folder.skips-bad-images") {
  const TemporaryFolder folder;
  write_two_classes(folder.path());
  write_image(folder / "dog/z.png", 60);
  write_file(folder / "cat/aa.png", Bytes{1, 2, 3});
  write_file(folder / "dog/b.jpg", {});
  const std::string error = error_of_reading(folder.path());
  CHECK(contains(error, {"[image] "}));
  ImageFolderReport report;
  const ImageDataset set = read_image_folder(
      folder.path(), {.height = 2, .width = 2, .channels = 1, .skip_bad_images = true}, &report);
  CHECK(set.labels.to_vector<std::int64_t>() == std::vector<std::int64_t>{0, 0, 1, 1});
  CHECK(set.images.shape() == Shape{4, 1, 2, 2});
  const Bytes pixels = set.images.to_vector<std::uint8_t>();
  const Bytes values = {30, 20, 10, 60};
  for (std::size_t i = 0; i < pixels.size(); ++i) CHECK(pixels[i] == values[i / 4]);
  REQUIRE(report.bad_images.size() == 2);
  CHECK(contains(report.bad_images[0], {"cat/aa.png", "neither PNG nor JPEG"}));
  CHECK(contains(report.bad_images[1], {"dog/b.jpg", "is empty"}));
  fs::remove(folder / "dog/a.png");
  fs::remove(folder / "dog/z.png");
  CHECK(contains(error_of([&] { read_image_folder(folder.path(), {.skip_bad_images = true}); }),
                 {"[image_folder] " + folder / "dog", "none of its images", "is empty"}));
}

TEST_CASE("data.image-folder.photographs-stand-upright") {
  const TemporaryFolder folder;
  // Two pixels beside each other, of which the camera says: turn it by 90 degrees.
  const Bytes tiff = {'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0,
                      3,   0,   0, 0,  1, 0, 6, 0, 0, 0, 0,    0,    0};
  write_file(
      folder / "cat/a.png",
      png_file({.width = 2, .height = 1, .chunks = png_chunk("eXIf", tiff)}, Bytes{0, 9, 200}));
  ImageFolderOptions options{.height = 2, .width = 2, .channels = 1};
  CHECK(bytes_of(read_image_folder(folder.path(), options).images) == Bytes{9, 9, 200, 200});
  options.orientation = Orientation::ignore;
  CHECK(bytes_of(read_image_folder(folder.path(), options).images) == Bytes{9, 200, 9, 200});
}

TEST_CASE("data.image-folder.names-damaged-images" * doctest::skip(stb_reads_images)) {
  const TemporaryFolder folder;
  write_two_classes(folder.path());
  Bytes file = jpeg_bytes({.width = 16, .height = 16, .sampling = {{1, 1}}}, Bytes(256, 9));
  file.insert(file.end() - 2, 9, std::uint8_t{0});
  write_file(folder / "cat/c.jpg", file);
  ImageFolderReport report;
  CHECK(read_image_folder(folder.path(), {}, &report).size() == 4);
  REQUIRE(report.damaged_images.size() == 1);
  CHECK(contains(report.damaged_images[0], {"cat/c.jpg: ", "extraneous bytes"}));
}

TEST_CASE("data.image-folder.errors") {
  const TemporaryFolder folder;
  CHECK(contains(error_of_reading(folder / "none"), {"[image_folder] ", "none: cannot be read"}));
  CHECK(contains(error_of_reading(folder.path()), {folder.path().string(), "holds no folders"}));
  write_two_classes(folder.path());
  fs::create_directories(folder / "ant");
  CHECK(contains(error_of_reading(folder.path()), {folder / "ant", "holds no .png"}));
  fs::remove(folder / "ant");
  write_file(folder / "dog/b.jpg", Bytes{1, 2, 3});
  // Whichever thread meets it.
  const int before = plastic::num_threads();
  for (const int threads : {1, 3}) {
    plastic::set_num_threads(threads);
    CHECK(contains(error_of_reading(folder.path()),
                   {"[image] " + folder / "dog/b.jpg", "neither PNG nor JPEG"}));
  }
  plastic::set_num_threads(before);
  fs::remove(folder / "dog/b.jpg");
  fs::create_directory_symlink(folder / "dog", folder / "dog/again");
  CHECK(contains(error_of_reading(folder.path()), {"does a link lead back?"}));
  CHECK(contains(error_of([&] { read_image_folder(folder.path(), {.height = 0}); }),
                 {"1 to 32768, got 0x32"}));
  CHECK(contains(error_of([&] { read_image_folder(folder.path(), {.channels = 4}); }),
                 {"channels must be 1 or 3, got 4"}));
}

TEST_CASE("data.image-folder.train-and-test") {
  const TemporaryFolder folder;
  const auto load_folder = [&] { return load("folder", folder.path(), {.height = 8, .width = 8}); };
  CHECK(contains(error_of([&] { load_folder(); }), {"train: no such folder", "/test/CLASS"}));
  write_two_classes(folder / "train");
  CHECK(contains(error_of([&] { load_folder(); }), {"test: no such folder"}));
  write_two_classes(folder / "val");
  write_image(folder / "val/dog/more.png", 1);
  const DatasetPair pair = load_folder();
  CHECK(pair.name == "folder");
  CHECK(pair.source == folder.path().string());
  CHECK(pair.train.images.shape() == Shape{3, 3, 8, 8});
  CHECK(pair.test.size() == 4);
  // A folder called test goes before one called val.
  write_two_classes(folder / "test");
  CHECK(load_folder().test.size() == 3);
  write_image(folder / "test/eel/1.png", 1);
  CHECK(
      contains(error_of([&] { load_folder(); }), {"test has a class 'eel' that ", "train lacks"}));
  fs::remove_all(folder / "test/eel");
  fs::remove_all(folder / "test/cat");
  CHECK(
      contains(error_of([&] { load_folder(); }), {"train has a class 'cat' that ", "test lacks"}));
  CHECK(contains(error_of([] { load("folder"); }), {"[data] folder", "--data-dir DIR"}));
}
