#include "apps/drawing/png.h"

// The writer's own code is compiled here alone.
#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#define STBI_WRITE_NO_STDIO
#include <stb_image_write.h>

#include <array>
#include <cstdint>
#include <fstream>
#include <string_view>

#include "core/check.h"
#include "core/io/crc32.h"

namespace plastic::apps {
namespace {

/// Signature and header (https://www.w3.org/TR/png-3/), behind which other chunks may stand.
constexpr std::size_t header_size = 8 + 25;

/// A text chunk: its name and the program's.
constexpr std::string_view mark_body("tEXtSoftware\0Plastic", 20);

void append_number(std::string& text, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) text += static_cast<char>(value >> shift & 0xFFU);
}

std::string mark() {
  std::string chunk;
  append_number(chunk, static_cast<std::uint32_t>(mark_body.size() - 4));
  chunk += mark_body;
  append_number(chunk,
                crc32({reinterpret_cast<const std::uint8_t*>(mark_body.data()), mark_body.size()}));
  return chunk;
}

}  // namespace

std::string png_of(const Canvas& canvas) {
  std::string file;
  const auto append = [](void* text, void* bytes, int count) {
    static_cast<std::string*>(text)->append(static_cast<const char*>(bytes),
                                            static_cast<std::size_t>(count));
  };
  const int width = static_cast<int>(canvas.width());
  if (stbi_write_png_to_func(append, &file, width, static_cast<int>(canvas.height()), 3,
                             canvas.samples().data(), 3 * width) == 0) {
    fail("drawing", "the picture of ", canvas.width(), "x", canvas.height(),
         " pixels needs more memory than is available; show fewer images");
  }
  return file.insert(header_size, mark());
}

bool is_drawn_png(const std::filesystem::path& path) {
  const std::string expected = mark();
  std::string begin(header_size + expected.size(), '\0');
  std::ifstream file(path, std::ios::binary);
  file.read(begin.data(), std::ssize(begin));
  return file.gcount() == std::ssize(begin) && begin.starts_with("\x89PNG\r\n\x1a\n") &&
         begin.ends_with(expected);
}

}  // namespace plastic::apps
