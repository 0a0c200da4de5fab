#include "apps/training/fingerprint.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <locale>
#include <sstream>

#include "core/tensor/tensor_impl.h"
#include "plastic/core/dtype.h"

namespace plastic::apps {
namespace {

/// FNV-1a over words of 8 bytes; unlike there, high bits move low ones, too, or flips of two
/// highest bits would cancel.
std::uint64_t with_word(std::uint64_t hash, std::uint64_t word) {
  hash = (hash ^ word) * 0x100000001b3;
  return hash ^ (hash >> 32);
}

}  // namespace

std::string fingerprint(const std::vector<Tensor>& tensors) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const Tensor& tensor : tensors) {
    const Tensor values = tensor.detach().to(Device{}).contiguous();
    const auto* const bytes = static_cast<const std::byte*>(memory(values));
    const std::size_t count = static_cast<std::size_t>(values.numel()) * size_of(values.dtype());
    hash = with_word(hash, count);
    for (std::size_t at = 0; at < count; at += sizeof(hash)) {
      std::uint64_t word = 0;
      std::memcpy(&word, bytes + at, std::min(sizeof(word), count - at));
      hash = with_word(hash, word);
    }
  }
  std::ostringstream text;
  text.imbue(std::locale::classic());
  text.fill('0');
  text.width(16);
  text << std::hex << hash;
  return text.str();
}

}  // namespace plastic::apps
