#include "plastic/data/cifar.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <utility>

#include "core/check.h"
#include "core/threads/made_once.h"
#include "data/formats/byte_source.h"

namespace plastic::data {
namespace {

constexpr std::int64_t channels = 3;
constexpr std::int64_t side = 32;
constexpr std::size_t image_bytes = channels * side * side;
constexpr std::uint64_t max_records = std::uint64_t{1} << 20;
/// Records read at a time, so that memory is allocated only for records that exist.
constexpr std::size_t records_per_piece = 100;

/// One label of a record: its name in the format's description, and how many classes it has.
struct Label {
  const char* name;
  int classes;
};

/// Images and labels in the order of the records, the last label of each.
struct Records {
  std::vector<std::uint8_t> pixels;
  std::vector<std::int64_t> labels;
};

class CifarReader {
 public:
  CifarReader(const std::filesystem::path& path, std::span<const Label> labels)
      : path_(path.string()), labels_(labels), source_(open_bytes("cifar", path)) {}

  void read_into(Records& out) {
    if (!source_->compressed()) {
      const std::uint64_t bytes = source_->max_bytes();
      check_whole(bytes);
      const auto count = static_cast<std::size_t>(bytes / record_bytes());
      out.pixels.reserve(out.pixels.size() + count * image_bytes);
      out.labels.reserve(out.labels.size() + count);
    }
    const std::uint64_t max_here = source_->max_bytes() / record_bytes() + 1;
    const auto piece_records =
        static_cast<std::size_t>(std::min<std::uint64_t>(records_per_piece, max_here));
    std::vector<std::uint8_t> piece(piece_records * record_bytes());
    std::size_t count = 0;
    do {
      count = source_->read(piece);
      bytes_ += count;
      if (count % record_bytes() != 0) check_whole(bytes_);
      if (bytes_ / record_bytes() > max_records) fail_oversized();
      add(std::span(piece).first(count), out);
    } while (count == piece.size());
    check_whole(bytes_);
  }

 private:
  std::size_t record_bytes() const { return labels_.size() + image_bytes; }

  void check_whole(std::uint64_t bytes) const {
    if (bytes == 0) fail("cifar", path_, ": holds no records; fetch the file again");
    if (bytes % record_bytes() != 0) {
      fail("cifar", path_, ": ", bytes, " bytes are not a whole number of records of ",
           record_bytes(), "; the file is cut short or of another data set");
    }
    if (bytes / record_bytes() > max_records) fail_oversized();
  }

  [[noreturn]] void fail_oversized() const {
    fail("cifar", path_, ": more than ", max_records, " records; split the file");
  }

  void add(std::span<const std::uint8_t> records, Records& out) {
    for (; !records.empty(); records = records.subspan(record_bytes()), ++record_) {
      for (std::size_t i = 0; i < labels_.size(); ++i) {
        if (records[i] >= labels_[i].classes) {
          fail("cifar", path_, ": ", labels_[i].name, " ", record_, " is ", int{records[i]},
               ", outside 0 to ", labels_[i].classes - 1,
               "; the file is damaged or of another data set");
        }
      }
      out.labels.push_back(records[labels_.size() - 1]);
      const auto image = records.subspan(labels_.size(), image_bytes);
      out.pixels.insert(out.pixels.end(), image.begin(), image.end());
    }
  }

  std::string path_;
  std::span<const Label> labels_;
  std::unique_ptr<ByteSource> source_;
  std::uint64_t bytes_ = 0;
  std::int64_t record_ = 0;
};

ImageDataset read_records(const std::vector<std::filesystem::path>& files,
                          std::span<const Label> labels) {
  if (files.empty()) fail("cifar", "no files to read; name at least one");
  try {
    Records records;
    for (const std::filesystem::path& file : files) CifarReader(file, labels).read_into(records);
    const std::int64_t count = std::ssize(records.labels);
    ImageDataset out;
    out.images =
        Tensor::from(std::span<const std::uint8_t>(records.pixels), {count, channels, side, side});
    out.labels = Tensor::from(std::span<const std::int64_t>(records.labels), {count});
    return out;
  } catch (const std::bad_alloc&) {
    fail("cifar", files.front().string(), ": needs more memory than is available");
  }
}

const std::vector<std::string>& fine_names() {
  static constinit std::atomic<const std::vector<std::string>*> names{nullptr};
  return made_once(names, [] {
    return std::vector<std::string>{
        "apple",       "aquarium_fish", "baby",      "bear",       "beaver",       "bed",
        "bee",         "beetle",        "bicycle",   "bottle",     "bowl",         "boy",
        "bridge",      "bus",           "butterfly", "camel",      "can",          "castle",
        "caterpillar", "cattle",        "chair",     "chimpanzee", "clock",        "cloud",
        "cockroach",   "couch",         "crab",      "crocodile",  "cup",          "dinosaur",
        "dolphin",     "elephant",      "flatfish",  "forest",     "fox",          "girl",
        "hamster",     "house",         "kangaroo",  "keyboard",   "lamp",         "lawn_mower",
        "leopard",     "lion",          "lizard",    "lobster",    "man",          "maple_tree",
        "motorcycle",  "mountain",      "mouse",     "mushroom",   "oak_tree",     "orange",
        "orchid",      "otter",         "palm_tree", "pear",       "pickup_truck", "pine_tree",
        "plain",       "plate",         "poppy",     "porcupine",  "possum",       "rabbit",
        "raccoon",     "ray",           "road",      "rocket",     "rose",         "sea",
        "seal",        "shark",         "shrew",     "skunk",      "skyscraper",   "snail",
        "snake",       "spider",        "squirrel",  "streetcar",  "sunflower",    "sweet_pepper",
        "table",       "tank",          "telephone", "television", "tiger",        "tractor",
        "train",       "trout",         "tulip",     "turtle",     "wardrobe",     "whale",
        "willow_tree", "wolf",          "woman",     "worm"};
  });
}

}  // namespace

ImageDataset read_cifar10(const std::vector<std::filesystem::path>& files) {
  static constexpr Label labels[] = {{"label", 10}};
  ImageDataset out = read_records(files, labels);
  out.class_names = {"airplane", "automobile", "bird",  "cat",  "deer",
                     "dog",      "frog",       "horse", "ship", "truck"};
  out.mean = {0.491F, 0.482F, 0.447F};
  out.deviation = {0.247F, 0.243F, 0.262F};
  return out;
}

ImageDataset read_cifar100(const std::vector<std::filesystem::path>& files) {
  static constexpr Label labels[] = {{"coarse label", 20}, {"fine label", 100}};
  ImageDataset out = read_records(files, labels);
  out.class_names = fine_names();
  out.mean = {0.5071F, 0.4865F, 0.4409F};
  out.deviation = {0.2673F, 0.2564F, 0.2762F};
  return out;
}

}  // namespace plastic::data
