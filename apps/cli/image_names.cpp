#include "apps/cli/image_names.h"

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <system_error>

#include "apps/terminal/terminal_text.h"
#include "core/check.h"
#include "core/io/utf8_path.h"
#include "data/formats/image_decoder.h"
#include "plastic/data/image.h"

namespace plastic::apps {
namespace {

namespace fs = std::filesystem;

constexpr const char* standard_input = "-";
/// As read_image() has it.
constexpr std::size_t max_bytes = std::size_t{1} << 29;

bool is_image_name(const fs::path& path) {
  std::string extension = path.extension().string();
  std::ranges::transform(extension, extension.begin(), ascii_lower);
  return extension == ".png" || extension == ".jpg" || extension == ".jpeg";
}

std::vector<std::uint8_t> standard_input_bytes() {
  std::vector<std::uint8_t> bytes;
  std::vector<char> piece(1 << 16);
  while (std::cin.read(piece.data(), std::ssize(piece)) || std::cin.gcount() > 0) {
    bytes.insert(bytes.end(), piece.begin(), piece.begin() + std::cin.gcount());
    if (bytes.size() > max_bytes) {
      fail("predict", "standard input brings more than ", max_bytes, " bytes; give one image");
    }
  }
  return bytes;
}

}  // namespace

std::vector<std::string> images_of(const std::string& name) {
  std::error_code error;
  const fs::path folder = path_of_utf8(name);
  if (!fs::is_directory(folder, error)) return {name};
  std::vector<std::string> images;
  std::size_t others = 0;
  fs::recursive_directory_iterator entry(folder, error);
  for (const fs::recursive_directory_iterator end; !error && entry != end; entry.increment(error)) {
    std::error_code unreadable;
    if (entry->is_directory(unreadable)) continue;
    if (is_image_name(entry->path())) {
      images.push_back(entry->path().string());
    } else {
      ++others;
    }
  }
  if (error) fail("predict", name, ": cannot be read: ", system_text(error.value()));
  if (images.empty()) fail("predict", name, ": holds no file that ends in .png, .jpg or .jpeg");
  if (others > 0) {
    std::cerr << "plastic: " << printable(name) << ": " << others
              << (others == 1 ? " other file is" : " other files are") << " passed over\n";
  }
  std::ranges::sort(images);
  return images;
}

Tensor read_named_image(const std::string& name, std::int64_t channels,
                        data::Orientation orientation) {
  if (name != standard_input) return data::read_image(path_of_utf8(name), channels, orientation);
  return data::decode_image("standard input", standard_input_bytes(), channels, orientation).pixels;
}

}  // namespace plastic::apps
