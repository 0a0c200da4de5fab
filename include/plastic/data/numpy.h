#pragma once

#include <filesystem>

#include "plastic/core/state_dict.h"
#include "plastic/core/tensor.h"

#pragma GCC visibility push(default)

namespace plastic::data {

/// @file
/// NumPy's files: .npy, one array, and .npz, a ZIP archive of them by name.
///
/// Read (NumPy's codes count bytes): f4, f8, i8 and u1 become f32, f64, i64 and u8; f2 becomes f32,
/// i1, i2, i4, u2, u4 and u8 i64, and b1 u8, each without loss; in either order of bytes and of
/// axes (fortran_order), versions 1 to 3 of the format, gzip and xz around an .npy file where the
/// build reads them. All else is an Error that names it: complex numbers, text, dates, records,
/// objects (which are never executed), the bytes that ml_dtypes writes for bfloat16, and an
/// unsigned number of 2^63 or more.
///
/// Written: f32, f64, i64 and u8 as they are, bf16 as f4, which holds it exactly; version 1,
/// row-major, little endian.

/// Reads an .npy file; the tensor is contiguous and on the CPU. The content is not trusted: lengths
/// are checked before memory is allocated. Throws Error naming the path.
Tensor load_npy(const std::filesystem::path& path);

/// Writes an .npy file, which is replaced as a whole. Throws Error naming the path.
void save_npy(const std::filesystem::path& path, const Tensor& tensor);

/// Reads an .npz file: its arrays by name, in the archive's order, stored or, where the build has
/// zlib (PLASTIC_ZLIB), deflated; checksums are verified. Throws Error as load_npy() does, and for
/// an archive that holds something else, and by the name of a method that cannot be read.
StateDict load_npz(const std::filesystem::path& path);

/// How an archive is written.
struct NpzOptions {
  /// Deflates the arrays, as numpy.savez_compressed() does; an Error in a build without zlib.
  bool compress = false;
};

/// Writes an .npz file, which is replaced as a whole; the same arrays give the same bytes. Throws
/// Error naming the path, for a name that is empty, given twice or not UTF-8, and for an archive of
/// 4 GiB or more (use safetensors).
void save_npz(const std::filesystem::path& path, const StateDict& arrays,
              const NpzOptions& options = {});

}  // namespace plastic::data

#pragma GCC visibility pop
