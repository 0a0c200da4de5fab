#include <algorithm>
#include <vector>

#include "plastic/core/error.h"
#include "plastic/data/cifar.h"
#include "tests/fuzz/memory_file.h"

namespace {

using plastic::data::ImageDataset;

template <class Read>
void check(const Read& read, const std::filesystem::path& path) {
  try {
    const ImageDataset set = read({path});
    const auto classes = static_cast<std::int64_t>(set.class_names.size());
    const std::vector<std::int64_t> labels = set.labels.to_vector<std::int64_t>();
    const bool sound = set.size() > 0 && set.images.numel() == set.size() * 3072 &&
                       std::ssize(labels) == set.size() &&
                       std::ranges::all_of(labels, [&](std::int64_t label) {
                         return label >= 0 && label < classes;
                       });
    if (!sound) std::abort();
  } catch (const plastic::Error&) {
  }
}

}  // namespace

// The readers either give images with a class each or throw plastic::Error: for the input, and for
// the input filled up with zeros to whole records, which few inputs are by themselves.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  for (const std::size_t record : {std::size_t{1}, std::size_t{3073}, std::size_t{3074}}) {
    plastic::fuzz::MemoryFile file;
    file.append({data, size});
    file.append(std::vector<std::uint8_t>((record - size % record) % record));
    if (record != 3074) check(plastic::data::read_cifar10, file.path());
    if (record != 3073) check(plastic::data::read_cifar100, file.path());
  }
  return 0;
}
