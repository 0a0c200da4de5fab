#include "plastic/core/safetensors.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <span>
#include <unordered_set>

#include "core/check.h"
#include "core/io/atomic_file.h"
#include "core/io/regular_file.h"
#include "core/io/safetensors_header.h"
#include "core/tensor/tensor_impl.h"

// The format stores little-endian numbers, and elements go to and from the file as they are.
static_assert(std::endian::native == std::endian::little);

namespace plastic {
namespace {

constexpr const char* op = "safetensors";
constexpr const char* checksum_key = "plastic.checksum";
/// The limit of the format's own library.
constexpr std::uint64_t max_header_bytes = 100'000'000;

/// The bytes of a contiguous tensor on the CPU.
std::string_view bytes_of(const Tensor& tensor) {
  const auto count = static_cast<std::size_t>(tensor.numel()) * size_of(tensor.dtype());
  return {static_cast<const char*>(memory(tensor)), count};
}

/// A 64-bit checksum of text after text, eight bytes at a time. Every step is a bijection of the
/// sum so far, so that a change within any eight bytes changes the result. Finds damage, not
/// forgery.
class Checksum {
 public:
  void add(std::string_view text) {
    add_word(text.size());
    while (!text.empty()) {
      std::uint64_t word = 0;
      const std::size_t count = std::min(text.size(), sizeof(word));
      std::memcpy(&word, text.data(), count);
      add_word(word);
      text.remove_prefix(count);
    }
  }

  std::string hex() const {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (int shift = 60; shift >= 0; shift -= 4) text += digits[(sum_ >> shift) & 15U];
    return text;
  }

 private:
  // Multiplication carries changes up, rotation brings them down again.
  void add_word(std::uint64_t word) { sum_ = std::rotl(sum_ ^ word, 29) * 0x9E3779B97F4A7C15U; }

  std::uint64_t sum_ = 0;
};

/// The checksum of names, dtypes, shapes, elements and metadata, whatever their order in the file.
std::string checksum_of(const StateDict& tensors, const Metadata& metadata) {
  std::vector<const NamedTensor*> sorted;
  for (const NamedTensor& entry : tensors) sorted.push_back(&entry);
  std::ranges::sort(sorted, {}, [](const NamedTensor* entry) { return entry->name; });
  Checksum sum;
  for (const auto& [key, value] : metadata) {
    sum.add(key);
    sum.add(value);
  }
  for (const NamedTensor* entry : sorted) {
    sum.add(entry->name);
    sum.add(safetensors_name(entry->tensor.dtype()));
    sum.add(to_string(entry->tensor.shape()));
    sum.add(bytes_of(entry->tensor));
  }
  return sum.hex();
}

/// The tensors, contiguous and on the CPU; throws Error unless their names are unique.
StateDict writable(const std::string& path, const StateDict& tensors) {
  StateDict ready;
  std::unordered_set<std::string> names = {"__metadata__"};
  for (const NamedTensor& entry : tensors) {
    if (!entry.tensor.defined()) fail(op, path, ": tensor \"", entry.name, "\" is undefined");
    if (!names.insert(entry.name).second) {
      fail(op, path, ": the name \"", entry.name, "\" is taken; give each tensor another");
    }
    ready.push_back({entry.name, entry.tensor.detach().to(Device{}).contiguous()});
  }
  return ready;
}

/// Reads from a file, or throws.
class InputFile {
 public:
  explicit InputFile(const std::filesystem::path& path) : name_(path.string()), file_(path) {
    if (!file_.problem().empty()) fail(op, name_, ": cannot open: ", file_.problem());
  }

  std::uint64_t size() const { return file_.size(); }

  void read(std::uint64_t offset, std::span<char> to) {
    const std::size_t count = file_.read(offset, to);
    if (!file_.problem().empty()) fail(op, name_, ": cannot read: ", file_.problem());
    if (count < to.size()) fail(op, name_, ": ends at byte ", offset + count);
  }

 private:
  std::string name_;
  RegularFile file_;
};

struct HeaderOfFile {
  SafetensorsHeader header;
  /// Where the elements begin.
  std::uint64_t start;
};

HeaderOfFile read_header(InputFile& file, const std::string& name) {
  std::array<char, 8> length_bytes{};
  if (file.size() < length_bytes.size()) {
    fail(op, name, ": has ", file.size(), " bytes, too few for a safetensors file");
  }
  file.read(0, length_bytes);
  const auto length = std::bit_cast<std::uint64_t>(length_bytes);
  const std::uint64_t rest = file.size() - length_bytes.size();
  if (length > max_header_bytes) {
    fail(op, name, ": a header of ", length, " bytes; the format allows ", max_header_bytes);
  }
  if (length > rest) {
    fail(op, name, ": a header of ", length, " bytes, but only ", rest, " are left in the file");
  }
  std::string text(static_cast<std::size_t>(length), '\0');
  file.read(length_bytes.size(), text);
  return {.header = parse_safetensors_header(name, text, rest - length),
          .start = length_bytes.size() + length};
}

}  // namespace

void save_safetensors(const std::filesystem::path& path, const StateDict& tensors,
                      const Metadata& metadata) {
  const StateDict ready = writable(path.string(), tensors);
  SafetensorsHeader header{.entries = {}, .metadata = metadata};
  if (metadata.contains(checksum_key)) {
    fail(op, path.string(), ": the metadata's name ", checksum_key, " is taken; choose another");
  }
  header.metadata[checksum_key] = checksum_of(ready, metadata);
  for (const NamedTensor& entry : ready) {
    header.entries.push_back(
        {.name = entry.name, .dtype = entry.tensor.dtype(), .shape = entry.tensor.shape()});
  }
  // Wide elements first: each tensor is then aligned for its type.
  std::vector<std::size_t> order(ready.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) {
    return size_of(ready[a].tensor.dtype()) > size_of(ready[b].tensor.dtype());
  });
  std::vector<std::string_view> parts(2);
  std::uint64_t at = 0;
  for (const std::size_t i : order) {
    parts.push_back(bytes_of(ready[i].tensor));
    header.entries[i].begin = at;
    at += parts.back().size();
    header.entries[i].end = at;
  }
  const std::string text = print_safetensors_header(path.string(), header);
  if (text.size() > max_header_bytes) {
    fail(op, path.string(), ": a header of ", text.size(), " bytes; the format allows ",
         max_header_bytes);
  }
  const auto length = std::bit_cast<std::array<char, 8>>(std::uint64_t{text.size()});
  parts[0] = {length.data(), length.size()};
  parts[1] = text;
  write_file_atomically(op, path, parts);
}

Safetensors load_safetensors(const std::filesystem::path& path) {
  InputFile file(path);
  const std::string name = path.string();
  const auto [header, start] = read_header(file, name);
  Safetensors result{.tensors = {}, .metadata = header.metadata};
  for (const SafetensorsEntry& entry : header.entries) {
    const Tensor tensor = Tensor::empty(entry.shape, {.dtype = entry.dtype});
    const std::string_view bytes = bytes_of(tensor);
    // The tensor is new and ours alone.
    file.read(start + entry.begin, {const_cast<char*>(bytes.data()), bytes.size()});
    result.tensors.push_back({entry.name, tensor});
  }
  if (const auto given = result.metadata.find(checksum_key); given != result.metadata.end()) {
    const std::string expected = given->second;
    result.metadata.erase(given);
    if (checksum_of(result.tensors, result.metadata) != expected) {
      fail(op, name, ": damaged: the content is not what was written (", checksum_key,
           " differs). If it was changed on purpose, remove ", checksum_key, " from its metadata");
    }
  }
  return result;
}

SafetensorsInfo read_safetensors_info(const std::filesystem::path& path) {
  InputFile file(path);
  SafetensorsHeader header = read_header(file, path.string()).header;
  SafetensorsInfo info{.tensors = {}, .metadata = std::move(header.metadata)};
  info.metadata.erase(checksum_key);
  info.tensors.reserve(header.entries.size());
  for (SafetensorsEntry& entry : header.entries) {
    info.tensors.push_back({std::move(entry.name), entry.dtype, entry.shape});
  }
  return info;
}

}  // namespace plastic
