#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "plastic/core/shape.h"

namespace plastic::data {

/// What the header of an array says.
struct NpyHeader {
  /// The kind of the elements: 'f', 'i', 'u' or 'b', and their bytes.
  char kind = 'f';
  std::size_t size = 4;
  bool is_big_endian = false;
  bool is_fortran_order = false;
  Shape shape = {};
};

/// Reads the Python dictionary in a header. Throws Error naming `name`, and what it names that
/// cannot be read.
NpyHeader parse_npy_header(const std::string& name, std::string_view text);

}  // namespace plastic::data
