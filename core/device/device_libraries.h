#pragma once

#include <string>
#include <vector>

namespace plastic {

/// What CUDA devices compute with, each with its version and file, such as "cuDNN 9.19.0,
/// /usr/lib/libcudnn.so.9", or why it is not used. Loads them. None where the cuda room is not
/// built.
std::vector<std::string> cuda_libraries();

}  // namespace plastic
