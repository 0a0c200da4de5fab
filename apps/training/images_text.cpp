#include "apps/training/images_text.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <locale>
#include <sstream>

namespace plastic::apps {
namespace {

// FNV-1a (Fowler, Noll and Vo) over words of 8 bytes and what is left.
void add_to_hash(std::uint64_t& hash, const void* bytes, std::size_t count) {
  const auto* from = static_cast<const unsigned char*>(bytes);
  for (std::size_t i = 0; i < count; i += sizeof(hash)) {
    std::uint64_t word = 0;
    std::memcpy(&word, from + i, std::min(sizeof(word), count - i));
    hash = (hash ^ word) * 0x100000001b3;
  }
}

}  // namespace

std::string images_text(const data::DatasetPair& data) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const data::ImageDataset* part : {&data.train, &data.test}) {
    const auto images = static_cast<std::size_t>(part->images.numel());
    add_to_hash(hash, part->images.data<std::uint8_t>(), images);
    const auto labels = static_cast<std::size_t>(part->labels.numel());
    add_to_hash(hash, part->labels.data<std::int64_t>(), labels * sizeof(std::int64_t));
  }
  std::ostringstream text;
  text.imbue(std::locale::classic());
  text << data.train.size() << " + " << data.test.size() << " images of "
       << data.train.class_names.size() << " classes, " << std::hex << hash;
  return text.str();
}

}  // namespace plastic::apps
