#include "plastic/data/catalog.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>
#include <system_error>

#include "core/check.h"
#include "core/text.h"
#include "data/formats/found_files.h"
#include "data/formats/idx_images.h"
#include "plastic/data/cifar.h"
#include "plastic/data/digits.h"
#include "plastic/data/shapes.h"

namespace plastic::data {
namespace {

namespace fs = std::filesystem;

using DataDir = std::optional<fs::path>;

constexpr std::string_view image_folder = "folder";

/// A data set that is read from files.
struct FileSet {
  std::string name;
  /// The folder that its archive unpacks to; empty if it is no archive.
  std::string archive_folder;
  FoundFiles (*find)(const fs::path& folder);
  /// Reads what find() found in `folder`, all there, into the result's train and test.
  void (*read)(const fs::path& folder, const FoundFiles& files, DatasetPair& out);
};

/// A set in the form of MNIST.
struct IdxSet {
  std::string name;
  std::vector<std::string> class_names;
  /// The labels of the first training images, by which the published set is recognised: the files
  /// of all such sets have the same names and sizes.
  std::array<std::int64_t, 10> first_labels;
};

const std::vector<IdxSet>& idx_sets() {
  // Never destroyed: threads that run when the process ends may use it.
  static const auto& sets = *new std::vector<IdxSet>{
      {"mnist", {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}, {5, 0, 4, 1, 9, 2, 1, 3, 1, 4}},
      {"fashion-mnist",
       {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag",
        "Ankle boot"},
       {9, 0, 0, 3, 0, 2, 7, 2, 5, 5}},
  };
  return sets;
}

void check_is(const IdxSet& set, const ImageDataset& train, const fs::path& folder) {
  const std::int64_t count = std::ssize(set.first_labels);
  if (train.size() < count) return;
  const auto* labels = train.labels.data<std::int64_t>();
  for (const IdxSet& other : idx_sets()) {
    if (other.name != set.name && std::equal(labels, labels + count, other.first_labels.begin())) {
      fail("data", folder.string(), ": these are the files of ", other.name, ", not of ", set.name,
           "; keep each set in a folder of its name");
    }
  }
}

void read_idx_set(const fs::path& folder, const FoundFiles& files, DatasetPair& out) {
  const IdxSet& set = *std::ranges::find(idx_sets(), out.name, &IdxSet::name);
  out.train = read_idx_images(files.paths[0], files.paths[1], set.class_names);
  check_is(set, out.train, folder);
  out.test = read_idx_images(files.paths[2], files.paths[3], set.class_names);
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

void read_cifar10_set(const fs::path&, const FoundFiles& files, DatasetPair& out) {
  out.train = read_cifar10({files.paths.begin(), files.paths.end() - 1});
  out.test = read_cifar10({files.paths.back()});
}

void read_cifar100_set(const fs::path&, const FoundFiles& files, DatasetPair& out) {
  out.train = read_cifar100({files.paths.front()});
  out.test = read_cifar100({files.paths.back()});
}

const FileSet& file_set(const std::string& name) {
  // Never destroyed: threads that run when the process ends may use it.
  static const auto& sets = *new std::vector<FileSet>{
      {"mnist", "", find_idx_images, read_idx_set},
      {"fashion-mnist", "", find_idx_images, read_idx_set},
      {"cifar-10", "cifar-10-batches-bin", find_cifar10, read_cifar10_set},
      {"cifar-100", "cifar-100-binary", find_cifar100, read_cifar100_set},
  };
  return *std::ranges::find(sets, name, &FileSet::name);
}

const CatalogEntry& entry_of(const std::string& name) {
  TextStream known;
  for (const CatalogEntry& entry : catalog()) {
    if (entry.name == name) return entry;
    known << (known.view().empty() ? "" : ", ") << entry.name;
  }
  fail("data", "unknown data set '", name, "'; known: ", known.str());
}

/// What `folder` has of the set's files, in words.
std::string describe(const FileSet& set, const fs::path& folder) {
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

[[noreturn]] void fail_not_found(const CatalogEntry& entry, const DataDir& data_dir) {
  TextStream message;
  message << entry.name << " not found" << (data_dir ? " in the folder given" : "")
          << "; looked in:";
  for (const fs::path& folder : search_path(entry.name, data_dir)) {
    message << "\n  " << folder.string() << ": " << describe(file_set(entry.name), folder);
  }
  fail("data", message.str(), "\nTo get it: ", entry.how_to_get);
}

}  // namespace

const std::vector<CatalogEntry>& catalog() {
  // Never destroyed: threads that run when the process ends may use it.
  static const auto& entries = *new std::vector<CatalogEntry>{
      {"mnist", "handwritten digits, 28x28 grey, 60000 + 10000 images (LeCun, Cortes, Burges)",
       false,
       "plastic data get mnist, or download train-images-idx3-ubyte.gz, "
       "train-labels-idx1-ubyte.gz, t10k-images-idx3-ubyte.gz "
       "and t10k-labels-idx1-ubyte.gz from https://ossci-datasets.s3.amazonaws.com/mnist/ into "
       "~/.cache/plastic/mnist, compressed as they are"},
      {"fashion-mnist", "articles of clothing, 28x28 grey, 60000 + 10000 images (Zalando Research)",
       false,
       "plastic data get fashion-mnist, or apt install dataset-fashion-mnist (Debian, Ubuntu), or "
       "download the four files of "
       "https://github.com/zalandoresearch/fashion-mnist into ~/.cache/plastic/fashion-mnist, "
       "compressed as they are"},
      {"cifar-10", "photographs of 10 kinds, 32x32 colour, 50000 + 10000 images (Krizhevsky)",
       false,
       "plastic data get cifar-10, or unpack "
       "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz in ~/.cache/plastic"},
      {"cifar-100", "photographs of 100 kinds, 32x32 colour, 50000 + 10000 images (Krizhevsky)",
       false,
       "plastic data get cifar-100, or unpack "
       "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz in ~/.cache/plastic"},
      {"digits", "digits drawn in memory, 28x28 grey, 10000 + 2000 images", true,
       "generated; needs no files"},
      {"shapes", "textured shapes drawn in memory, 32x32 colour, 10000 + 2000 images", true,
       "generated; needs no files"},
      {"folder", "your own images, in DIR/train/CLASS and DIR/test/CLASS", false,
       "name the folder that holds train and test: --data-dir DIR"},
  };
  return entries;
}

std::vector<fs::path> search_path(const std::string& name, const DataDir& data_dir) {
  if (entry_of(name).generated) return {};
  if (name == image_folder) {
    return data_dir ? std::vector<fs::path>{*data_dir} : std::vector<fs::path>{};
  }
  std::vector<fs::path> folders;
  // The set's own folders first: the parent may hold the equally named files of another set.
  const std::string& unpacked = file_set(name).archive_folder;
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
  if (const char* data = std::getenv("PLASTIC_DATA"); data != nullptr && *data != '\0') add(data);
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0') {
    add(fs::path(home) / ".cache" / "plastic");
  }
  add_own("/usr/share/datasets");
  add_own("/usr/local/share/datasets");
  return folders;
}

std::optional<fs::path> locate(const std::string& name, const DataDir& data_dir) {
  const auto is_complete = [&name](const fs::path& folder) {
    std::error_code unreadable;
    return name == image_folder ? fs::is_directory(folder / "train", unreadable)
                                : file_set(name).find(folder).complete();
  };
  for (const fs::path& folder : search_path(name, data_dir)) {
    if (is_complete(folder)) return folder;
  }
  return {};
}

DatasetPair load(const std::string& name, const DataDir& data_dir,
                 const ImageFolderOptions& folder_options, ImageFolderReport* folder_report) {
  const CatalogEntry& entry = entry_of(name);
  if (entry.generated) {
    if (data_dir) {
      fail("data", name, " is generated and reads no files: leave out the folder ",
           data_dir->string());
    }
    return name == "shapes" ? shapes() : digits();
  }
  if (name == image_folder) {
    if (!data_dir) fail("data", name, ": which folder is not said; ", entry.how_to_get);
    return read_image_folders(*data_dir, folder_options, folder_report);
  }
  const std::optional<fs::path> folder = locate(name, data_dir);
  if (!folder) fail_not_found(entry, data_dir);
  DatasetPair out = {.name = name, .source = folder->string(), .train = {}, .test = {}};
  const FileSet& set = file_set(name);
  set.read(*folder, set.find(*folder), out);
  return out;
}

}  // namespace plastic::data
