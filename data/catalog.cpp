#include "plastic/data/catalog.h"

#include <algorithm>
#include <cstdlib>
#include <sstream>
#include <system_error>

#include "core/check.h"
#include "data/idx_images.h"
#include "plastic/data/digits.h"

namespace plastic::data {
namespace {

namespace fs = std::filesystem;

using DataDir = std::optional<fs::path>;

/// What the catalog knows of a set in the form of MNIST, beyond its entry.
struct IdxSet {
  std::string name;
  std::vector<std::string> class_names;
  /// The labels of the first training images, by which the published set is recognised: the files
  /// of all such sets have the same names and sizes.
  std::array<std::int64_t, 10> first_labels;
};

const std::vector<IdxSet>& idx_sets() {
  static const std::vector<IdxSet> sets = {
      {"mnist", {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}, {5, 0, 4, 1, 9, 2, 1, 3, 1, 4}},
      {"fashion-mnist",
       {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag",
        "Ankle boot"},
       {9, 0, 0, 3, 0, 2, 7, 2, 5, 5}},
  };
  return sets;
}

const CatalogEntry& entry_of(const std::string& name) {
  std::ostringstream known;
  for (const CatalogEntry& entry : catalog()) {
    if (entry.name == name) return entry;
    known << (known.view().empty() ? "" : ", ") << entry.name;
  }
  fail("data", "unknown data set '", name, "'; known: ", known.str());
}

/// What `folder` has of the four files, in words.
std::string describe(const fs::path& folder) {
  std::error_code error;
  const fs::file_status status = fs::status(folder, error);
  if (!fs::exists(status)) return "no such folder";
  if (!fs::is_directory(status)) return "not a folder";
  if (fs::directory_iterator(folder, error); error) return "cannot be read: " + error.message();
  const IdxImageFiles files = find_idx_images(folder);
  if (files.none()) return "none of the four files";
  std::string missing;
  for (const std::string& name : files.missing) missing += (missing.empty() ? "" : ", ") + name;
  return "lacks " + missing;
}

[[noreturn]] void fail_not_found(const CatalogEntry& entry, const DataDir& data_dir) {
  std::ostringstream message;
  message << entry.name << " not found" << (data_dir ? " in the folder given" : "")
          << "; looked in:";
  for (const fs::path& folder : search_path(entry.name, data_dir)) {
    message << "\n  " << folder.string() << ": " << describe(folder);
  }
  fail("data", message.str(), "\nTo get it: ", entry.how_to_get);
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

}  // namespace

const std::vector<CatalogEntry>& catalog() {
  static const std::vector<CatalogEntry> entries = {
      {"mnist", "handwritten digits, 28x28 grey, 60000 + 10000 images (LeCun, Cortes, Burges)",
       false,
       "download train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz, t10k-images-idx3-ubyte.gz "
       "and t10k-labels-idx1-ubyte.gz from https://ossci-datasets.s3.amazonaws.com/mnist/ into "
       "~/.cache/plastic/mnist, compressed as they are"},
      {"fashion-mnist", "articles of clothing, 28x28 grey, 60000 + 10000 images (Zalando Research)",
       false,
       "apt install dataset-fashion-mnist (Debian, Ubuntu), or download the four files of "
       "https://github.com/zalandoresearch/fashion-mnist into ~/.cache/plastic/fashion-mnist, "
       "compressed as they are"},
      {"digits", "digits drawn in memory, 28x28 grey, 10000 + 2000 images", true,
       "generated; needs no files"},
  };
  return entries;
}

std::vector<fs::path> search_path(const std::string& name, const DataDir& data_dir) {
  if (entry_of(name).generated) return {};
  std::vector<fs::path> folders;
  // The set's own folder first: the parent may hold the equally named files of another set.
  const auto add = [&](const fs::path& parent) {
    folders.push_back(parent / name);
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
  folders.push_back(fs::path("/usr/share/datasets") / name);
  folders.push_back(fs::path("/usr/local/share/datasets") / name);
  return folders;
}

std::optional<fs::path> locate(const std::string& name, const DataDir& data_dir) {
  for (const fs::path& folder : search_path(name, data_dir)) {
    if (find_idx_images(folder).complete()) return folder;
  }
  return {};
}

DatasetPair load(const std::string& name, const DataDir& data_dir) {
  const CatalogEntry& entry = entry_of(name);
  if (entry.generated) {
    if (data_dir) {
      fail("data", name, " is generated and reads no files: leave out the folder ",
           data_dir->string());
    }
    return digits();
  }
  const std::optional<fs::path> folder = locate(name, data_dir);
  if (!folder) fail_not_found(entry, data_dir);
  const IdxSet& set = *std::ranges::find(idx_sets(), name, &IdxSet::name);
  const auto [train_images, train_labels, test_images, test_labels] =
      find_idx_images(*folder).paths;
  DatasetPair out = {
      name, folder->string(), read_idx_images(train_images, train_labels, set.class_names), {}};
  check_is(set, out.train, *folder);
  out.test = read_idx_images(test_images, test_labels, set.class_names);
  return out;
}

}  // namespace plastic::data
