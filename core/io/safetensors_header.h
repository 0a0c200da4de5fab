#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "plastic/core/dtype.h"
#include "plastic/core/safetensors.h"
#include "plastic/core/shape.h"

namespace plastic {

/// A tensor as the header of a safetensors file describes it.
struct SafetensorsEntry {
  std::string name;
  DType dtype = DType::f32;
  Shape shape = {};
  /// Its bytes, counted from the end of the header.
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

struct SafetensorsHeader {
  std::vector<SafetensorsEntry> entries;
  Metadata metadata;
};

/// Reads the JSON text of a header whose file has `data_size` bytes after it. The entries' bytes
/// fill these exactly, without holes or overlaps, and each has as many as its shape and dtype need.
/// Throws Error naming `path` for anything else.
SafetensorsHeader parse_safetensors_header(const std::string& path, std::string_view text,
                                           std::uint64_t data_size);

/// The header as JSON, filled with blanks to a multiple of 8 bytes, so that the elements after it
/// are aligned. Throws Error naming `path` for text that is not UTF-8.
std::string print_safetensors_header(const std::string& path, const SafetensorsHeader& header);

/// "F32", "F64", "I64" or "U8".
const char* safetensors_name(DType dtype);

}  // namespace plastic
