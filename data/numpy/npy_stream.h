#pragma once

#include <string>

#include "data/formats/byte_source.h"
#include "plastic/core/tensor.h"

namespace plastic::data {

/// Reads an array that is all of `source`, which `name` calls in errors.
Tensor read_npy(const std::string& name, ByteSource& source);

/// What stands before the elements of an array, padded to 64 bytes.
std::string npy_header(const std::string& name, const Tensor& tensor);

/// The elements as they are written: contiguous, on the CPU, bf16 as f32.
Tensor npy_elements(const Tensor& tensor);

}  // namespace plastic::data
