#include "plastic/data/catalog.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "core/shell_text.h"
#include "tests/data/files.h"

using plastic::Shape;
using plastic::shell_quoted;
using namespace plastic::data;
using namespace plastic::test;

namespace fs = std::filesystem;

namespace {

struct Style {
  std::string joint = "-";
  std::string suffix;
};

fs::path images_file(const fs::path& folder, const std::string& split, const Style& style = {}) {
  return folder / (split + "-images" + style.joint + "idx3-ubyte" + style.suffix);
}

fs::path labels_file(const fs::path& folder, const std::string& split, const Style& style = {}) {
  return folder / (split + "-labels" + style.joint + "idx1-ubyte" + style.suffix);
}

/// Image i is filled with i + 1.
Bytes images_of(std::uint32_t count, std::uint32_t side = 28) {
  Bytes payload;
  for (std::uint32_t i = 0; i < count; ++i) {
    payload.insert(payload.end(), side * side, static_cast<std::uint8_t>(i + 1));
  }
  return idx_bytes({count, side, side}, payload);
}

Bytes labels_of(const Bytes& labels) {
  return idx_bytes({static_cast<std::uint32_t>(labels.size())}, labels);
}

/// Three training and two test images.
void write_set(const fs::path& folder, const Style& style = {}) {
  write_file(images_file(folder, "train", style), images_of(3));
  write_file(labels_file(folder, "train", style), labels_of({7, 0, 9}));
  write_file(images_file(folder, "t10k", style), images_of(2));
  write_file(labels_file(folder, "t10k", style), labels_of({1, 2}));
}

std::string error_of_loading(const std::string& name, const fs::path& folder) {
  return error_of([&] { load(name, folder); });
}

}  // namespace

TEST_CASE("data.catalog.entries") {
  std::vector<std::string> names;
  for (const CatalogEntry& entry : catalog()) {
    names.push_back(entry.name);
    CHECK(!entry.description.empty());
    CHECK(!entry.how_to_get.empty());
    CHECK(entry.generated == (entry.name == "digits" || entry.name == "shapes"));
  }
  CHECK(names == std::vector<std::string>{"mnist", "fashion-mnist", "cifar-10", "cifar-100",
                                          "digits", "shapes", "folder"});
}

TEST_CASE("data.catalog.unknown-name") {
  const std::string message = error_of([] { load("imagenet"); });
  CHECK(contains(message, {"[data] ", "'imagenet'",
                           "mnist, fashion-mnist, cifar-10, cifar-100, digits, shapes, folder"}));
}

TEST_CASE("data.catalog.load") {
  const TemporaryFolder folder;
  write_set(folder.path());
  const DatasetPair pair = load("fashion-mnist", folder.path());
  CHECK(pair.name == "fashion-mnist");
  CHECK(pair.source == folder.path().string());
  CHECK(pair.train.images.shape() == Shape{3, 1, 28, 28});
  CHECK(pair.train.images.to_vector<std::uint8_t>()[2 * 784] == 3);
  CHECK(pair.train.labels.to_vector<std::int64_t>() == std::vector<std::int64_t>{7, 0, 9});
  CHECK(pair.test.size() == 2);
  CHECK(pair.test.labels.to_vector<std::int64_t>() == std::vector<std::int64_t>{1, 2});
  CHECK(pair.train.mean == std::vector{0.5F});
  CHECK(pair.train.deviation == std::vector{0.5F});
  CHECK(pair.test.class_names.size() == 10);
  CHECK(pair.test.class_names.front() == "T-shirt/top");
  CHECK(pair.test.class_names.back() == "Ankle boot");
  CHECK(load("mnist", folder.path()).train.class_names[4] == "4");
}

TEST_CASE("data.catalog.spellings") {
  for (const Style& style :
       {Style{"-", ""}, Style{".", ""}, Style{"-", ".gz"}, Style{".", ".gz"}}) {
    const TemporaryFolder folder;
    write_set(folder / "mnist", style);
    CHECK(load("mnist", folder.path()).train.size() == 3);
  }
}

// What names the folder of the user's caches, and where in /home/me they are to be in these tests,
// if that is not added by itself.
#ifdef _WIN32
constexpr const char* home_variable = "LOCALAPPDATA";
constexpr const char* cache_in_home = "/.cache";
#else
constexpr const char* home_variable = "HOME";
constexpr const char* cache_in_home = "";
#endif

TEST_CASE("data.catalog.search-path") {
  const ScopedEnv data("PLASTIC_DATA", "/sets");
  const std::string home_path = std::string("/home/me") + cache_in_home;
  const ScopedEnv home(home_variable, home_path.c_str());
  CHECK(search_path("mnist", {}) ==
        std::vector<fs::path>{"/sets/mnist", "/sets", "/home/me/.cache/plastic/mnist",
                              "/home/me/.cache/plastic", "/usr/share/datasets/mnist",
                              "/usr/local/share/datasets/mnist"});
  CHECK(search_path("mnist", "/there") == std::vector<fs::path>{"/there/mnist", "/there"});
  CHECK(search_path("digits", {}).empty());
  const ScopedEnv no_data("PLASTIC_DATA", nullptr);
  const ScopedEnv no_home(home_variable, nullptr);
  CHECK(search_path("mnist", {}) ==
        std::vector<fs::path>{"/usr/share/datasets/mnist", "/usr/local/share/datasets/mnist"});
}

TEST_CASE("data.catalog.search-order") {
  const TemporaryFolder folder;
  const std::string data_path = folder / "data";
  const std::string home_path = folder / (std::string("home") + cache_in_home);
  const ScopedEnv data("PLASTIC_DATA", data_path.c_str());
  const ScopedEnv home(home_variable, home_path.c_str());
  write_set(folder / "home/.cache/plastic/mnist");
  CHECK(locate("mnist", {}) == folder / "home/.cache/plastic/mnist");
  write_set(folder / "data");
  CHECK(locate("mnist", {}) == folder / "data");
  write_set(folder / "data/mnist");
  CHECK(locate("mnist", {}) == folder / "data/mnist");
  write_set(folder / "given");
  CHECK(locate("mnist", folder / "given") == folder / "given");
  CHECK(!locate("digits", {}));
}

TEST_CASE("data.catalog.not-found") {
  const TemporaryFolder folder;
  write_set(folder / "data/mnist");
  const std::string data_path = folder / "data";
  const ScopedEnv data("PLASTIC_DATA", data_path.c_str());
  // A folder asked for is the only one looked in.
  const fs::path given = folder / "given";
  const std::string message = error_of_loading("mnist", given);
  CHECK(contains(
      message,
      {"[data] mnist not found in the folder given",
       (given / "mnist").string() + ": no such folder", given.string() + ": no such folder",
       "--data-dir " + shell_quoted(given.string()), "t10k-labels-idx1-ubyte.gz"}));
  CHECK(!contains(message, {data_path}));
  fs::create_directories(given);
  CHECK(contains(error_of_loading("fashion-mnist", given),
                 {given.string() + ": none of the 4 files", "apt install dataset-fashion-mnist"}));
}

TEST_CASE("data.catalog.not-found-anywhere") {
  if (fs::exists("/usr/share/datasets/mnist") || fs::exists("/usr/local/share/datasets/mnist")) {
    MESSAGE("skipped: this system has mnist");
    return;
  }
  const ScopedEnv data("PLASTIC_DATA", "/no/sets");
  const ScopedEnv home(home_variable, "/no/home");
  const std::string message = error_of([] { load("mnist"); });
  for (const fs::path& path : search_path("mnist", {})) {
    CHECK(contains(message, {"\n  " + path.string() + ": "}));
  }
}

TEST_CASE("data.catalog.some-files-missing") {
  const TemporaryFolder folder;
  write_set(folder.path());
  fs::remove(labels_file(folder.path(), "t10k"));
  CHECK(contains(error_of_loading("mnist", folder.path()), {"lacks t10k-labels-idx1-ubyte\n"}));
  fs::remove(images_file(folder.path(), "train"));
  CHECK(contains(error_of_loading("mnist", folder.path()),
                 {"lacks train-images-idx3-ubyte, t10k-labels-idx1-ubyte\n"}));
}

TEST_CASE("data.catalog.counts-differ") {
  const TemporaryFolder folder;
  write_set(folder.path());
  write_file(labels_file(folder.path(), "t10k"), labels_of({1, 2, 3}));
  CHECK(contains(error_of_loading("mnist", folder.path()),
                 {"[data] counts differ", images_file(folder.path(), "t10k").string(), "2 images",
                  labels_file(folder.path(), "t10k").string(), "3 labels"}));
}

TEST_CASE("data.catalog.label-out-of-range") {
  const TemporaryFolder folder;
  write_set(folder.path());
  write_file(labels_file(folder.path(), "train"), labels_of({7, 10, 9}));
  CHECK(contains(error_of_loading("mnist", folder.path()),
                 {labels_file(folder.path(), "train").string(), "label 1 is 10", "0 to 9"}));
}

TEST_CASE("data.catalog.other-image-size") {
  const TemporaryFolder folder;
  write_set(folder.path());
  write_file(images_file(folder.path(), "train"), images_of(3, 32));
  CHECK(contains(error_of_loading("mnist", folder.path()),
                 {images_file(folder.path(), "train").string(), "32x32, expected 28x28"}));
}

TEST_CASE("data.catalog.no-images") {
  const TemporaryFolder folder;
  write_set(folder.path());
  write_file(images_file(folder.path(), "t10k"), idx_bytes({0, 28, 28}, {}));
  write_file(labels_file(folder.path(), "t10k"), labels_of({}));
  CHECK(contains(error_of_loading("mnist", folder.path()), {"holds no images"}));
}

TEST_CASE("data.catalog.files-exchanged") {
  const TemporaryFolder folder;
  write_set(folder.path());
  fs::remove(images_file(folder.path(), "t10k"));
  fs::copy_file(labels_file(folder.path(), "t10k"), images_file(folder.path(), "t10k"));
  CHECK(contains(error_of_loading("mnist", folder.path()),
                 {"[idx] ", "expected magic 0x803, found 0x801"}));
}

TEST_CASE("data.catalog.other-set") {
  const TemporaryFolder folder;
  write_set(folder.path());
  write_file(images_file(folder.path(), "train"), images_of(10));
  write_file(labels_file(folder.path(), "train"), labels_of({5, 0, 4, 1, 9, 2, 1, 3, 1, 4}));
  CHECK(load("mnist", folder.path()).train.size() == 10);
  CHECK(contains(error_of_loading("fashion-mnist", folder.path()),
                 {folder.path().string(), "files of mnist, not of fashion-mnist"}));
}

TEST_CASE("data.catalog.digits") {
  const DatasetPair pair = load("digits");
  CHECK(pair.source == "generated");
  CHECK(pair.train.size() == 10000);
  CHECK(pair.test.size() == 2000);
  CHECK(contains(error_of_loading("digits", "/somewhere"),
                 {"digits is generated", "leave out the folder /somewhere"}));
}
