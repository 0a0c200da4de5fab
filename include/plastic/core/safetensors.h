#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "plastic/core/dtype.h"
#include "plastic/core/shape.h"
#include "plastic/core/state_dict.h"

#pragma GCC visibility push(default)

namespace plastic {

/// Text by name, in UTF-8.
using Metadata = std::map<std::string, std::string>;

/// What a safetensors file holds.
struct Safetensors {
  /// On the CPU, in the order of the file's header.
  StateDict tensors;
  /// The header's "__metadata__", without Plastic's checksum.
  Metadata metadata;
};

/// A tensor as the header of a file describes it.
struct TensorInfo {
  /// Its key in the header.
  std::string name;
  /// The type of its elements.
  DType dtype = DType::f32;
  /// Its sizes.
  Shape shape = {};
};

/// What the header of a safetensors file says.
struct SafetensorsInfo {
  /// In the order of the header.
  std::vector<TensorInfo> tensors;
  /// The header's "__metadata__", without Plastic's checksum.
  Metadata metadata;
};

/// Writes tensors and metadata in the safetensors format (github.com/huggingface/safetensors): the
/// header's length in 8 bytes, little endian; a JSON header; the elements, row-major. The file is
/// replaced as a whole: written beside, flushed and renamed, with the permissions of the old one
/// or, for a new file, those that the umask leaves. Where `path` is a symbolic link, the file that
/// it points to is replaced, or created, and the link stays. A checksum of all content is kept in
/// the metadata as "plastic.checksum", which load_safetensors() verifies and removes; other readers
/// ignore it. The same content gives the same bytes. Throws Error naming the path for a tensor that
/// is undefined or given twice, text that is not UTF-8, a path that cannot be written, and one of
/// something other than a file, such as a pipe or a device.
void save_safetensors(const std::filesystem::path& path, const StateDict& tensors,
                      const Metadata& metadata = {});

/// Reads a file of dtypes F32, F64, BF16, I64 and U8, Plastic's own or another program's. The
/// content is not trusted: all lengths are checked before memory is allocated. Throws Error naming
/// the path and what is wrong with the file.
Safetensors load_safetensors(const std::filesystem::path& path);

/// Reads only the header of such a file, in time and memory that do not depend on the size of the
/// tensors: to see whether it is the right file before reading gigabytes. Everything that the
/// header tells is checked as in load_safetensors(); the checksum is not, and is left out of the
/// metadata. Throws Error naming the path.
SafetensorsInfo read_safetensors_info(const std::filesystem::path& path);

}  // namespace plastic

#pragma GCC visibility pop
