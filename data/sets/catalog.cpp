#include "plastic/data/catalog.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <system_error>

#include "core/check.h"
#include "core/io/system_file.h"
#include "core/shell_text.h"
#include "core/text.h"
#include "core/text_stream.h"
#include "core/threads/made_once.h"
#include "data/formats/found_files.h"
#include "data/formats/idx_images.h"
#include "plastic/data/cifar.h"
#include "plastic/data/digits.h"
#include "plastic/data/shapes.h"

namespace plastic::data {
namespace {

namespace fs = std::filesystem;

using DataDir = std::optional<fs::path>;

/// A set in the form of MNIST.
struct IdxForm {
  std::vector<std::string> class_names = {};
  /// The labels of the first training images, by which the published set is recognised: the files
  /// of all such sets have the same names and sizes.
  std::array<std::int64_t, 10> first_labels = {};
};

/// A data set: a row of data_sets(). It is generated, read from files that find() knows, or, with
/// neither, a folder of images.
struct DataSet {
  CatalogEntry entry;
  DatasetPair (*generate)() = nullptr;
  /// What of the set's files `folder` has.
  FoundFiles (*find)(const fs::path& folder) = nullptr;
  /// Reads what find() found in `folder`, all there, into the result's train and test.
  void (*read)(const DataSet& set, const fs::path& folder, const FoundFiles& files,
               DatasetPair& out) = nullptr;
  /// The folder that its archive unpacks to; empty if it is no archive.
  std::string archive_folder = {};
  IdxForm idx = {};

  bool is_folder_of_images() const { return generate == nullptr && find == nullptr; }
};

const std::vector<DataSet>& data_sets();

void check_is(const DataSet& set, const ImageDataset& train, const fs::path& folder) {
  const std::int64_t count = std::ssize(set.idx.first_labels);
  if (train.size() < count) return;
  const auto* labels = train.labels.data<std::int64_t>();
  for (const DataSet& other : data_sets()) {
    if (other.idx.class_names.empty() || &other == &set) continue;
    if (std::equal(labels, labels + count, other.idx.first_labels.begin())) {
      fail("data", folder.string(), ": these are the files of ", other.entry.name, ", not of ",
           set.entry.name, "; keep each set in a folder of its name");
    }
  }
}

void read_idx_set(const DataSet& set, const fs::path& folder, const FoundFiles& files,
                  DatasetPair& out) {
  out.train = read_idx_images(files.paths[0], files.paths[1], set.idx.class_names);
  check_is(set, out.train, folder);
  out.test = read_idx_images(files.paths[2], files.paths[3], set.idx.class_names);
}

FoundFiles find_cifar10(const fs::path& folder) {
  FoundFiles out;
  for (const char* number : {"1", "2", "3", "4", "5"}) {
    find_file(folder, {std::string("data_batch_") + number + ".bin"}, out);
  }
  find_file(folder, {"test_batch.bin"}, out);
  return out;
}

FoundFiles find_cifar100(const fs::path& folder) {
  FoundFiles out;
  find_file(folder, {"train.bin"}, out);
  find_file(folder, {"test.bin"}, out);
  return out;
}

void read_cifar10_set(const DataSet&, const fs::path&, const FoundFiles& files, DatasetPair& out) {
  out.train = read_cifar10({files.paths.begin(), files.paths.end() - 1});
  out.test = read_cifar10({files.paths.back()});
}

void read_cifar100_set(const DataSet&, const fs::path&, const FoundFiles& files, DatasetPair& out) {
  out.train = read_cifar100({files.paths.front()});
  out.test = read_cifar100({files.paths.back()});
}

/// The table: a data set is a row here.
std::vector<DataSet> make_table() {
  return {
      {.entry = {.name = "mnist",
                 .description =
                     "handwritten digits, 28x28 grey, 60000 + 10000 images (LeCun, Cortes, Burges)",
                 .how_to_get =
                     "plastic data get mnist, or download train-images-idx3-ubyte.gz, "
                     "train-labels-idx1-ubyte.gz, t10k-images-idx3-ubyte.gz and "
                     "t10k-labels-idx1-ubyte.gz from "
                     "https://ossci-datasets.s3.amazonaws.com/mnist/ into ~/.cache/plastic/mnist, "
                     "compressed as they are"},
       .find = find_idx_images,
       .read = read_idx_set,
       .idx = {.class_names = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"},
               .first_labels = {5, 0, 4, 1, 9, 2, 1, 3, 1, 4}}},
      {.entry = {.name = "fashion-mnist",
                 .description =
                     "articles of clothing, 28x28 grey, 60000 + 10000 images (Zalando Research)",
                 .how_to_get =
                     "plastic data get fashion-mnist, or apt install dataset-fashion-mnist "
                     "(Debian, Ubuntu), or download the four files of "
                     "https://github.com/zalandoresearch/fashion-mnist into "
                     "~/.cache/plastic/fashion-mnist, compressed as they are"},
       .find = find_idx_images,
       .read = read_idx_set,
       .idx = {.class_names = {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal",
                               "Shirt", "Sneaker", "Bag", "Ankle boot"},
               .first_labels = {9, 0, 0, 3, 0, 2, 7, 2, 5, 5}}},
      {.entry = {.name = "cifar-10",
                 .description =
                     "photographs of 10 kinds, 32x32 colour, 50000 + 10000 images (Krizhevsky)",
                 .how_to_get =
                     "plastic data get cifar-10, or unpack "
                     "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz in ~/.cache/plastic"},
       .find = find_cifar10,
       .read = read_cifar10_set,
       .archive_folder = "cifar-10-batches-bin"},
      {.entry = {.name = "cifar-100",
                 .description =
                     "photographs of 100 kinds, 32x32 colour, 50000 + 10000 images (Krizhevsky)",
                 .how_to_get = "plastic data get cifar-100, or unpack "
                               "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz in "
                               "~/.cache/plastic"},
       .find = find_cifar100,
       .read = read_cifar100_set,
       .archive_folder = "cifar-100-binary"},
      {.entry = {.name = "digits",
                 .description = "digits drawn in memory, 28x28 grey, 10000 + 2000 images",
                 .generated = true,
                 .how_to_get = "generated; needs no files"},
       .generate = [] { return digits(); }},
      {.entry = {.name = "shapes",
                 .description =
                     "textured shapes drawn in memory, 32x32 colour, 10000 + 2000 images",
                 .generated = true,
                 .how_to_get = "generated; needs no files"},
       .generate = [] { return shapes(); }},
      {.entry = {.name = "folder",
                 .description = "your own images, in DIR/train/CLASS and DIR/test/CLASS",
                 .how_to_get = "name the folder that holds train and test: --data-dir DIR"}},
  };
}

const std::vector<DataSet>& data_sets() {
  static constinit std::atomic<const std::vector<DataSet>*> sets{nullptr};
  return made_once(sets, make_table);
}

const DataSet& set_of(const std::string& name) {
  std::string known;
  for (const DataSet& set : data_sets()) {
    if (set.entry.name == name) return set;
    if (!known.empty()) known += ", ";
    known += set.entry.name;
  }
  fail("data", "unknown data set '", name, "'; known: ", known);
}

/// `text` with each `from` replaced.
std::string with(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
  return text;
}

/// What `folder` has of the set's files, in words.
std::string describe(const DataSet& set, const fs::path& folder) {
  std::error_code error;
  const fs::file_status status = fs::status(folder, error);
  if (!fs::exists(status)) return "no such folder";
  if (!fs::is_directory(status)) return "not a folder";
  if (fs::directory_iterator(folder, error); error)
    return "cannot be read: " + system_text(error.value());
  const FoundFiles files = set.find(folder);
  if (files.none()) return "none of the " + std::to_string(files.paths.size()) + " files";
  std::string missing;
  for (const std::string& name : files.missing) missing += (missing.empty() ? "" : ", ") + name;
  return "lacks " + missing;
}

[[noreturn]] void fail_not_found(const DataSet& set, const DataDir& data_dir) {
  const CatalogEntry& entry = set.entry;
  TextStream message;
  message << entry.name << " not found" << (data_dir ? " in the folder given" : "")
          << "; looked in:";
  for (const fs::path& folder : search_path(entry.name, data_dir)) {
    message << "\n  " << folder.string() << ": " << describe(set, folder);
  }
  fail("data", message.str(), "\nTo get it: ", how_to_get(entry, data_dir));
}

}  // namespace

const std::vector<CatalogEntry>& catalog() {
  static constinit std::atomic<const std::vector<CatalogEntry>*> entries{nullptr};
  return made_once(entries, [] {
    std::vector<CatalogEntry> all;
    for (const DataSet& set : data_sets()) all.push_back(set.entry);
    return all;
  });
}

std::string how_to_get(const CatalogEntry& entry, const DataDir& data_dir) {
  if (!data_dir) return entry.how_to_get;
  const std::string command = "plastic data get " + entry.name;
  return with(
      with(entry.how_to_get, command, command + " --data-dir " + shell_quoted(data_dir->string())),
      "~/.cache/plastic", data_dir->string());
}

std::vector<fs::path> search_path(const std::string& name, const DataDir& data_dir) {
  const DataSet& set = set_of(name);
  if (set.generate != nullptr) return {};
  if (set.is_folder_of_images()) {
    return data_dir ? std::vector<fs::path>{*data_dir} : std::vector<fs::path>{};
  }
  std::vector<fs::path> folders;
  // The set's own folders first: the parent may hold the equally named files of another set.
  const std::string& unpacked = set.archive_folder;
  const auto add_own = [&](const fs::path& parent) {
    folders.push_back(parent / name);
    if (unpacked.empty()) return;
    folders.push_back(parent / name / unpacked);
    folders.push_back(parent / unpacked);
  };
  const auto add = [&](const fs::path& parent) {
    add_own(parent);
    folders.push_back(parent);
  };
  if (data_dir) {
    add(*data_dir);
    return folders;
  }
  if (const auto data = path_in_environment("PLASTIC_DATA")) add(*data);
  if (const auto cache = user_cache_folder()) add(*cache / "plastic");
  add_own("/usr/share/datasets");
  add_own("/usr/local/share/datasets");
  return folders;
}

std::optional<fs::path> locate(const std::string& name, const DataDir& data_dir) {
  const DataSet& set = set_of(name);
  const auto is_complete = [&set](const fs::path& folder) {
    std::error_code unreadable;
    return set.is_folder_of_images() ? fs::is_directory(folder / "train", unreadable)
                                     : set.find(folder).complete();
  };
  for (const fs::path& folder : search_path(name, data_dir)) {
    if (is_complete(folder)) return folder;
  }
  return {};
}

DatasetPair load(const std::string& name, const DataDir& data_dir,
                 const ImageFolderOptions& folder_options, ImageFolderReport* folder_report) {
  const DataSet& set = set_of(name);
  if (set.generate != nullptr) {
    if (data_dir) {
      fail("data", name, " is generated and reads no files: leave out the folder ",
           data_dir->string());
    }
    return set.generate();
  }
  if (set.is_folder_of_images()) {
    if (!data_dir) fail("data", name, ": which folder is not said; ", set.entry.how_to_get);
    return read_image_folders(*data_dir, folder_options, folder_report);
  }
  const std::optional<fs::path> folder = locate(name, data_dir);
  if (!folder) fail_not_found(set, data_dir);
  DatasetPair out = {.name = name, .source = folder->string(), .train = {}, .test = {}};
  set.read(set, *folder, set.find(*folder), out);
  return out;
}

}  // namespace plastic::data
