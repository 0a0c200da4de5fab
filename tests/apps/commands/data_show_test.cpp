// plastic data show, its pictures read back.
#include <doctest/doctest.h>

#include <algorithm>

#include "plastic/core/tensor.h"
#include "plastic/data/image.h"
#include "plastic/data/loader.h"
#include "plastic/data/shapes.h"
#include "tests/apps/program.h"
#include "tests/data/files.h"

using namespace plastic;
using namespace plastic::test;
using plastic::test::contains;

namespace {

/// Where `picture` (3, H, W), each pixel a square of side `factor`, lies in `sheet`: how often.
int count_of(const Tensor& sheet, const Tensor& picture, std::int64_t factor) {
  const auto pixels = sheet.to_vector<std::uint8_t>();
  const auto wanted = picture.to_vector<std::uint8_t>();
  const std::int64_t height = sheet.size(1);
  const std::int64_t width = sheet.size(2);
  const std::int64_t side = picture.size(1);
  const auto is_at = [&](std::int64_t top, std::int64_t left) {
    for (std::int64_t c = 0; c < 3; ++c) {
      for (std::int64_t y = 0; y < side * factor; ++y) {
        for (std::int64_t x = 0; x < side * factor; ++x) {
          if (pixels[static_cast<std::size_t>((c * height + top + y) * width + left + x)] !=
              wanted[static_cast<std::size_t>((c * side + y / factor) * side + x / factor)]) {
            return false;
          }
        }
      }
    }
    return true;
  };
  int found = 0;
  for (std::int64_t top = 0; top + side * factor <= height; ++top) {
    for (std::int64_t left = 0; left + side * factor <= width; ++left) {
      found += is_at(top, left) ? 1 : 0;
    }
  }
  return found;
}

}  // namespace

TEST_CASE("apps.data_show.shows_what_training_meets_first") {
  const TemporaryFolder folder;
  const std::string path = folder / "sheet.png";
  const ProgramResult result =
      require_done("data show shapes --count 6 --seed 5 --out '" + path + "'");
  CHECK(contains(result.out, {"6 images of shapes in " + path}));
  const Tensor sheet = data::read_image(path);
  // Stream 2 of the seed is the one that training shuffles by.
  const data::ImageDataset set = data::shapes().train;
  data::Loader loader(set, {.batch_size = 6, .generator = {.seed = 5, .stream = 2}});
  loader.start_epoch();
  data::Batch batch;
  REQUIRE(loader.next(batch));
  for (std::int64_t i = 0; i < 6; ++i) {
    const Tensor values = batch.images.slice(0, i, i + 1).squeeze(0).contiguous();
    std::vector<std::uint8_t> bytes;
    const auto floats = values.to_vector<float>();
    for (std::size_t p = 0; p < floats.size(); ++p) {
      const std::size_t channel = p / 1024;
      bytes.push_back(static_cast<std::uint8_t>(
          255 * (floats[p] * set.deviation[channel] + set.mean[channel]) + 0.5F));
    }
    const Tensor picture = Tensor::from(std::span<const std::uint8_t>(bytes), {3, 32, 32});
    CHECK(count_of(sheet, picture, 3) == 1);
  }
  // The same command gives the same picture, augmentation and another seed others.
  const std::string before = read_file(path);
  require_done("data show shapes --count 6 --seed 5 --out '" + path + "'");
  CHECK(read_file(path) == before);
  require_done("data show shapes --count 6 --seed 5 --augment flip=1,cutout --out '" + path + "'");
  CHECK(read_file(path) != before);
  require_done("data show shapes --count 6 --seed 6 --out '" + path + "'");
  CHECK(read_file(path) != before);
}

namespace {

/// Pixels of the colour in which wrong labels are drawn.
int red_pixels(const std::string& path) {
  const Tensor sheet = data::read_image(path);
  const auto bytes = sheet.to_vector<std::uint8_t>();
  const std::size_t pixels = bytes.size() / 3;
  int count = 0;
  for (std::size_t i = 0; i < pixels; ++i) {
    count += bytes[i] == 190 && bytes[pixels + i] == 20 && bytes[2 * pixels + i] == 20 ? 1 : 0;
  }
  return count;
}

}  // namespace

TEST_CASE("apps.data_show.marks_the_wrong_labels_that_training_meets") {
  const TemporaryFolder folder;
  write_tiny_mnist(folder.path());
  const std::string path = folder / "mnist.png";
  const std::string arguments =
      "data show mnist --data-dir '" + folder.path().string() + "' --out '" + path + "' --seed 5";
  require_done(arguments);
  CHECK(red_pixels(path) == 0);
  // All 200 images: as many as train's round(0.25 * 200).
  const ProgramResult noisy = require_done(arguments + " --count 200 --label-noise 0.25");
  CHECK(contains(noisy.out,
                 {"200 images of mnist, symmetric label noise 0.25 (50 wrong here, in red) in "}));
  CHECK(red_pixels(path) > 50);
  const ProgramResult first =
      require_done(arguments + " --count 1 --label-noise 1 --label-noise-kind pair");
  CHECK(contains(first.out, {"pair label noise 1 (1 wrong here, in red)"}));
  CHECK(red_pixels(path) > 0);
  CHECK(run_program(arguments + " --label-noise 2").code == 2);
  CHECK(run_program(arguments + " --label-noise 0.1 --label-noise-kind odd").code == 2);
}

TEST_CASE("apps.data_show.grey_images_of_files") {
  const TemporaryFolder folder;
  write_tiny_mnist(folder.path());
  const std::string path = folder / "mnist.png";
  const std::string arguments =
      "data show mnist --data-dir '" + folder.path().string() + "' --out '" + path + "'";
  CHECK(contains(require_done(arguments + " --count 9").out, {"9 images of mnist"}));
  CHECK(data::read_image(path).size(0) == 3);
  // All that there are.
  CHECK(contains(require_done(arguments + " --count 5000").out, {"200 images of mnist"}));
}

TEST_CASE("apps.data_show.other_files_are_left_alone") {
  const TemporaryFolder folder;
  const std::string path = folder / "notes.png";
  write_file(path, "mine");
  const ProgramResult refused = run_program("data show digits --out '" + path + "'");
  CHECK(refused.code == 1);
  CHECK(contains(refused.err, {"notes.png", "not drawn by Plastic", "--out"}));
  CHECK(read_file(path) == "mine");
  const ProgramResult into_folder =
      run_program("data show digits --out '" + folder.path().string() + "'");
  CHECK(into_folder.code == 1);
  CHECK(contains(into_folder.err, {"found a folder"}));
  const ProgramResult nowhere =
      run_program("data show digits --out '" + (folder / "no/a.png") + "'");
  CHECK(nowhere.code == 1);
}

TEST_CASE("apps.data_show.usage") {
  const auto refused = [](const std::string& arguments, const char* reason) {
    const ProgramResult result = run_program(arguments);
    CAPTURE(arguments);
    CAPTURE(result.err);
    CHECK(result.code == 2);
    CHECK(contains(result.err, {reason, "--help'"}));
  };
  refused("data show digits", "--out");
  refused("data show --out a.png", "NAME");
  refused("data show digit --out a.png", "did you mean digits?");
  refused("data show digits --out a.png --count 0", "--count");
  refused("data show digits --out a.png --augment spin", "--augment");
  refused("data show digits --out a.png --image-size 8", "only for folder");
  const ProgramResult result =
      run_program("data show digits --augment saturation --out /tmp/x.png");
  CHECK(result.code == 1);
  CHECK(contains(result.err, {"saturation needs images of 3 channels"}));
}
